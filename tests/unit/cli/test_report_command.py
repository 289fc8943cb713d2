"""``booking-sms report texts`` and ``booking-sms notices``, as a shell sees them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner
from workflow_world import InMemoryApplication

from booking_sms.cli import notices, report
from booking_sms.domain.errors import AlertFailed, SettingsInvalid
from booking_sms.domain.sms_job import JobState
from booking_sms.testing import NOW, make_job

PHONE = "01000009999"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> InMemoryApplication:
    app = InMemoryApplication()
    app.__dict__["check_tables"] = lambda: "all there"
    for n in range(3):
        job = make_job(
            booking_num=f"900101_{n}",
            to=PHONE,
            state=JobState.DELIVERED,
            attempt=1,
            t0=int(NOW.timestamp() * 1000),
        )
        app.jobs.insert_if_absent(job)
    for module in ("report", "notices"):
        monkeypatch.setattr(f"booking_sms.cli.{module}.application", lambda: app)
    return app


def run(commands: object, *arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(commands, arguments, env={"COLUMNS": "160"})  # type: ignore[arg-type]
    assert result.exit_code == code, result.output
    return result.stdout


def last_line(printed: str) -> dict[str, Any]:
    """The answer: in a shell, what was logged before it goes to stderr."""
    found: dict[str, Any] = json.loads(printed.strip().splitlines()[-1])
    return found


def test_a_report_as_facts_and_files(app: InMemoryApplication, tmp_path: Path) -> None:
    files = {kind: tmp_path / f"texts.{kind}" for kind in ("csv", "html")}
    days = ("--from", "2026-03-01", "--to", "2026-03-02")
    where = [word for kind, path in files.items() for word in (f"--{kind}", str(path))]

    answer = json.loads(run(report.app, "texts", *days, *where, "--json"))

    assert answer["totals"] == {
        "accepted": 3,
        "delivered": 3,
        "undelivered": 0,
        "refused": 0,
        "krw": 90,
    }
    assert (answer["from"], answer["to"]) == ("2026-03-01", "2026-03-02")
    assert answer["written"] == [str(path) for path in files.values()]
    assert "2026-03-02,14,900101" in files["csv"].read_text(encoding="utf-8")
    assert "<b>3</b>accepted" in files["html"].read_text(encoding="utf-8")
    assert PHONE not in str(answer) + files["html"].read_text() + files["csv"].read_text()


@pytest.mark.slow
def test_a_report_as_parquet(app: InMemoryApplication, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="installed by requirements.lock")
    import pandas as pd

    path = tmp_path / "texts.parquet"
    run(report.app, "texts", "--from", "2026-03-02", "--to", "2026-03-02", "--parquet", str(path))

    assert pd.read_parquet(path)["accepted"].tolist() == [3]


def test_without_days_it_is_the_week_before(app: InMemoryApplication) -> None:
    answer = json.loads(run(report.app, "texts", "--json"))

    assert (answer["from"], answer["to"]) == ("2026-02-23", "2026-03-01")
    assert answer["rows"] == []


@pytest.mark.parametrize(
    "days", [("--from", "2026-03-02", "--to", "2026-03-01"), ("--from", "soon")]
)
def test_days_that_are_none_are_one_clear_line(
    app: InMemoryApplication, days: tuple[str, ...]
) -> None:
    run(report.app, "texts", *days, code=2)


def test_a_test_notice_goes_through_every_channel(app: InMemoryApplication) -> None:
    answer = last_line(run(notices.app, "test", "--json"))

    assert [one["channel"] for one in answer["receipts"]] == ["slack", "telegram"]
    assert all("Nobody has to act" in c.texts[0] for c in app.channels.values())


def test_a_channel_that_refuses_is_an_exit_code(app: InMemoryApplication) -> None:
    app.channels["slack"].failure = AlertFailed(channel="slack", reason="no_service")

    assert last_line(run(notices.app, "test", "--json", code=1))["failed"] == ["slack"]


def test_silences_are_listed_or_refused(
    app: InMemoryApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = app.settings.model_copy(update={"home": tmp_path})
    monkeypatch.setattr(app, "settings", settings)
    row = "{key: 'run#x', issue: OPS-1, reason: z, expires: 2026-03-0%s}"
    (tmp_path / "silences.yaml").write_text(f"silences:\n- {row % 5}\n")
    assert json.loads(run(notices.app, "silences", "--json"))["silences"][0]["issue"] == "OPS-1"

    (tmp_path / "silences.yaml").write_text(f"silences:\n- {row % 1}\n")
    result = CliRunner().invoke(notices.app, ["silences", "--json"])

    assert isinstance(result.exception, SettingsInvalid)
