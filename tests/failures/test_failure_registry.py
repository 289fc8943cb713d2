"""The table of failures is whole, its tests exist, and the page says the same."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache

import pytest
from failure_registry import FAILURES, PAGE, PROJECT, render

HERE = PROJECT / "tests" / "failures"


@cache
def functions_of(file: str) -> dict[str, str]:
    """Tests of a file, also of its classes, with what their docstrings say."""
    tree = ast.parse((PROJECT / file).read_text(encoding="utf-8"))
    return {
        node.name: ast.get_docstring(node) or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_all_thirty_six_are_there_in_order():
    assert [failure.number for failure in FAILURES] == list(range(1, 37))


def test_nothing_is_skipped_in_silence():
    for failure in FAILURES:
        assert failure.tests, failure.number
        assert failure.happened
        assert failure.seen_at
        assert failure.we


def test_no_test_answers_for_two_failures():
    listed = Counter(test for failure in FAILURES for test in failure.tests)

    assert [test for test, times in listed.items() if times > 1] == []


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: str(failure.number))
def test_named_tests_exist(failure):
    for test in failure.tests:
        file, _, name = test.partition("::")
        assert name in functions_of(file), test


def test_every_test_here_belongs_to_a_failure():
    listed = {test for failure in FAILURES for test in failure.tests}
    files = [file for file in HERE.glob("test_*_failures.py")]

    here = {f"tests/failures/{file.name}::{name}"
            for file in files for name in functions_of(f"tests/failures/{file.name}")}  # fmt: skip

    assert len(files) == 4
    assert here <= listed


def test_every_test_here_cites_its_thread():
    for failure in FAILURES:
        own = [test for test in failure.tests if test.startswith("tests/failures/")]
        threads = [word.split("#")[0] for word in failure.seen_at.replace(",", " ").split()]
        for test in own:
            file, _, name = test.partition("::")
            said = functions_of(file)[name]
            assert "LEGACY" in said or any(t and t in said for t in threads), test


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == render()
