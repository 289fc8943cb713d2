"""``booking-sms readiness`` as it is typed: check, package, verify, sign, decide, report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from gate_world import gate
from readiness_world import ID, changed
from typer.testing import CliRunner

from booking_sms.cli import readiness
from booking_sms.domain.errors import ActionRefused
from booking_sms.readiness.decision import ROLES

CAMPAIGN = ("--campaign", ID)


@pytest.fixture
def app(monkeypatch):
    return use(monkeypatch, gate())


def use(monkeypatch, app):
    monkeypatch.setattr("booking_sms.cli.composition.application", lambda at=None: app)
    return app


def run(*arguments):
    return CliRunner().invoke(readiness.app, list(map(str, arguments)))


def answer(*arguments, exit_code=0):
    result = run(*arguments, "--json")
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


def signed(folder: Path) -> str:
    package_hash = answer("package", *CAMPAIGN, "--out", folder)["package_hash"]
    for role in ROLES:
        why = ("--by", "captain", "--reason", "read it")
        answer("sign", *CAMPAIGN, "--role", role, "--hash", package_hash, *why)
    return package_hash


def test_the_whole_way_ends_in_go(app, tmp_path):
    file = tmp_path / "VALIDATION.md"
    assert answer("check", *CAMPAIGN)["passed"] == 9

    package_hash = signed(tmp_path / "out")
    assert answer("verify", tmp_path / "out", "--hash", package_hash)["ok"] is True
    decision = answer("decide", *CAMPAIGN, "--validation", file)

    assert (decision["decision"], decision["confidence"]) == ("GO", 1.0)
    before = file.read_bytes()
    assert answer("report", *CAMPAIGN, "--validation", file)["changed"] is False
    assert file.read_bytes() == before


def test_without_the_signatures_it_is_a_no_and_an_exit_code(app, tmp_path):
    answer("package", *CAMPAIGN, "--out", tmp_path / "out")

    decision = answer("decide", *CAMPAIGN, "--validation", tmp_path / "v.md", exit_code=1)

    assert decision["decision"] == "NO_GO"
    assert decision["reasons"] == [f"{role}: not signed" for role in ROLES]


def test_a_rejection_is_a_no(app, tmp_path):
    package_hash = signed(tmp_path / "out")
    no = ("--by", "kim", "--reason", "the guide is old", "--reject")
    answer("sign", *CAMPAIGN, "--role", "operations", "--hash", package_hash, *no)

    decision = answer("decide", *CAMPAIGN, "--validation", tmp_path / "v.md", exit_code=1)

    assert decision["reasons"] == ["operations: rejected by kim: the guide is old"]


def test_a_criterion_that_does_not_pass_is_an_exit_code(monkeypatch, tmp_path):
    use(monkeypatch, gate(notices=changed("notices", failed=1), metrics=None))

    found = answer("check", *CAMPAIGN, exit_code=1)
    packed = answer("package", *CAMPAIGN, "--out", tmp_path / "out", exit_code=1)

    assert found["passed"] == 6
    assert packed["completeness"] == "INCOMPLETE"
    assert packed["missing"] == ["metric_export", "mismatch_table"]


def test_verify_names_the_file_that_was_touched(app, tmp_path):
    answer("package", *CAMPAIGN, "--out", tmp_path / "out")
    (tmp_path / "out" / "shadow.json").write_text("{}")

    found = answer("verify", tmp_path / "out", exit_code=1)

    assert found["problems"] == ["shadow.json: not what was packed"]
    assert "shadow.json" in run("verify", tmp_path / "out").output


def test_tables_tell_it_to_people(app, tmp_path):
    assert "full_parity" in run("check", *CAMPAIGN).output
    assert "test_report" in run("package", *CAMPAIGN, "--out", tmp_path / "out").output
    assert "all as packed" in run("verify", tmp_path / "out").output
    told = run("decide", *CAMPAIGN, "--validation", tmp_path / "v.md")
    assert "NO_GO" in told.output
    assert told.exit_code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "--campaign", "validation-other"),
        ("sign", *CAMPAIGN, "--role", "QA", "--hash", "x", "--by", "a", "--reason", "b"),
        ("sign", *CAMPAIGN, "--role", "QA", "--hash", "x", "--by", " ", "--reason", "b"),
    ],
)
def test_a_refusal_is_an_error_and_nothing_else(app, arguments):
    result = run(*arguments)

    assert isinstance(result.exception, ActionRefused)
    assert result.exit_code == 1


def test_a_stranger_cannot_sign(app, tmp_path):
    package_hash = answer("package", *CAMPAIGN, "--out", tmp_path / "out")["package_hash"]
    why = ("--hash", package_hash, "--by", "a", "--reason", "b")

    assert "no such role" in str(run("sign", *CAMPAIGN, "--role", "intern", *why).exception)
