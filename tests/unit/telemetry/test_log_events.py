"""The list of events holds: names, fields, and what the outbox tells of itself."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from booking_sms.cli.console import log_to_stderr
from booking_sms.domain.sms_job import Move
from booking_sms.telemetry import log_events
from booking_sms.telemetry.log_events import ALWAYS, EVENTS, FIELDS, log_event
from booking_sms.telemetry.log_stream import log_to
from booking_sms.telemetry.logged_jobs import LoggedJobs
from booking_sms.testing import NOW, NOW_MS, InMemorySmsJobRepository, make_job

SECRET = "a-very-secret-key"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """A process whose logs go to a stream; afterwards as it was."""
    root, config = logging.getLogger(), structlog.get_config()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    log_to(stream, [SECRET])
    yield stream
    root.handlers, root.level = handlers, level
    structlog.configure(**config)


def lines_of(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_each_event_says_what_it_is_about() -> None:
    for name, spec in EVENTS.items():
        assert spec.meaning.endswith("."), name
        assert len(set(spec.fields)) == len(spec.fields), name


def test_a_field_beside_the_list_is_refused() -> None:
    with pytest.raises(ValueError, match="phone"):
        log_event("job_stored", phone="01000007777")
    with pytest.raises(KeyError):
        log_event("something")


def test_a_line_is_json_with_its_fields_at_the_top(stream: io.StringIO) -> None:
    log_event("session_ready", status="success", window="2026-03-02T14:00", duration_ms=12.5)

    (line,) = lines_of(stream)
    assert line.keys() <= FIELDS
    assert line.keys() >= ALWAYS
    assert str(line["timestamp"]).endswith("Z")
    assert (line["message"], line["operation"]) == ("session_ready", "naver_login")
    assert (line["action_type"], line["status"]) == ("login", "success")


def test_a_library_and_a_traceback_are_redacted_as_well(stream: io.StringIO) -> None:
    try:
        raise ValueError(f"POST to 01000007777 with {SECRET}")
    except ValueError:
        logging.getLogger("a.library").exception("sent to %s", "010-0000-7777")

    text = stream.getvalue()
    assert "7777" in text
    assert "0000-7777" not in text
    assert "01000007777" not in text
    assert SECRET not in text
    assert lines_of(stream)[0]["level"] == "error"


def test_an_outbox_tells_of_what_changed_and_of_nothing_else() -> None:
    jobs, job = LoggedJobs(InMemorySmsJobRepository()), make_job()

    with capture_logs() as logged:
        jobs.insert_if_absent(job)
        claimed = jobs.move(job, Move.INTENT, now=NOW, t0=NOW_MS, lease_until=NOW_MS + 1)
        lost = jobs.move(job, Move.INTENT, now=NOW, t0=NOW_MS, lease_until=NOW_MS + 1)
        assert claimed is not None
        assert lost is None or lost == claimed
        jobs.move(claimed, Move.DOUBT, reason="timeout")

    told = [(line["event"], line["status"]) for line in logged]
    assert told[:2] == [("job_stored", "stored"), ("text_sent", "attempt")]
    assert told[-1] == ("text_sent", "unknown")
    assert logged[-1]["log_level"] == "warning"
    assert {line["job_id"] for line in logged} == {job.job_id}
    assert job.to not in json.dumps(logged, default=str)


def test_a_job_that_expires_is_a_move_and_no_text(stream: io.StringIO) -> None:
    jobs, job = LoggedJobs(InMemorySmsJobRepository()), make_job()
    jobs.insert_if_absent(job)

    moved = jobs.move(job, Move.EXPIRE, now=NOW + timedelta(days=9), reason="too_late")

    assert moved is not None
    assert [(line["message"], line.get("move")) for line in lines_of(stream)] == [
        ("job_stored", None),
        ("job_moved", "expire"),
    ]


def test_a_command_logs_to_whatever_stderr_is_now(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, later = io.StringIO(), io.StringIO()
    monkeypatch.setattr("sys.stderr", first)
    log_to_stderr()
    log_event("run_started", window="one")
    first.close()
    monkeypatch.setattr("sys.stderr", later)

    log_event("run_started", window="two")
    logging.getLogger("a.library").warning("three")

    assert [line["message"] for line in lines_of(later)] == ["run_started", "three"]


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_every_event_of_the_list_is_written_somewhere(name: str) -> None:
    """A query for one that nobody writes finds nothing, for ever."""
    code = Path(log_events.__file__).parents[1]
    sources = [path for path in code.rglob("*.py") if path.name != "log_events.py"]

    assert [path for path in sources if f'"{name}"' in path.read_text(encoding="utf-8")]
