"""The lock: every requirement pinned, hashed, and free of any machine's package index."""

import json
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PROJECT = Path(__file__).resolve().parents[2]
LOCKS = ["requirements.lock", "requirements-bootstrap.txt"]


def requirements(name: str) -> dict[str, Requirement]:
    text = (PROJECT / name).read_text(encoding="utf-8")
    lines = [line.split("#")[0].split(" \\")[0].strip() for line in text.splitlines()]
    found = [Requirement(line) for line in lines if line and not line.startswith("-")]
    return {re.sub(r"[-_.]+", "-", each.name).lower(): each for each in found}


@pytest.mark.parametrize("name", LOCKS)
def test_lock_names_no_index_or_path(name: str) -> None:
    text = (PROJECT / name).read_text(encoding="utf-8")

    assert not re.search(r"://|file:|--(extra-)?index|--find-links| @ ", text)


@pytest.mark.parametrize("name", LOCKS)
def test_each_locked_package_has_a_hash(name: str) -> None:
    text = (PROJECT / name).read_text(encoding="utf-8")
    packages = re.split(r"\n(?=\S)", text.strip())

    assert [package.split()[0] for package in packages if "--hash=sha256:" not in package] == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_each_written_pin_is_the_locked_one(name: str) -> None:
    locked = requirements("requirements.lock")
    written = requirements(name)

    assert {key: str(each.specifier) for key, each in written.items()} == {
        key: str(locked[key].specifier) for key in written
    }


def test_npm_lock_names_no_registry() -> None:
    lock = json.loads((PROJECT / "package-lock.json").read_text(encoding="utf-8"))

    assert [path for path, each in lock["packages"].items() if "resolved" in each] == []
    assert all(each["integrity"] for path, each in lock["packages"].items() if path)
