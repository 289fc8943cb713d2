"""What an operator sees of a job's incidents, and how both texts of a conflict are read."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from typer.testing import CliRunner

from booking_sms.cli import outbox
from booking_sms.pipeline.job_batch import JobBatch
from booking_sms.pipeline.load import load_jobs
from booking_sms.testing import NOW, make_job

FIRST, SECOND = "문 번호는 0001#", "문 번호는 0002#"


@pytest.fixture
def app(shop, monkeypatch):
    for module in ("outbox", "outbox_texts", "outbox_decisions"):
        monkeypatch.setattr(f"booking_sms.cli.{module}.application", lambda at=None: shop.app)
    for text, window in (
        (FIRST, "2026-03-02T14:00:00+09:00"),
        (SECOND, "2026-03-02T14:20:00+09:00"),
    ):
        sha = hashlib.sha256(text.encode()).hexdigest()
        job = make_job(body_sha=sha, window=window)
        load_jobs(JobBatch(window=window, jobs=((job, text),)), shop.app.jobs, shop.app.bodies)
    return shop.app


def run(*arguments: str, exit_code: int = 0) -> Any:
    result = CliRunner().invoke(outbox.app, [*arguments, "--json"])
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout) if exit_code == 0 else result.output


def test_a_story_tells_its_incidents_without_person_or_text(app):
    (story,) = run("show", make_job().booking_num)

    (incident,) = story["incidents"]
    assert incident["differs"] == "body_sha"
    assert (incident["stored_window"], incident["offered_window"]) == (
        "2026-03-02T14:00:00+09:00",
        "2026-03-02T14:20:00+09:00",
    )
    assert {app.bodies.get(incident[key]) for key in ("stored_body", "offered_body")} == {
        FIRST,
        SECOND,
    }
    assert "0001#" not in json.dumps(story, ensure_ascii=False)
    assert make_job().to not in json.dumps(story)


def test_both_texts_can_be_read_by_who_gives_a_name_and_a_reason(app):
    job = make_job()

    rows = run("texts", job.booking_num, job.job_id, "--by", "김점장", "--reason", "문 번호가 둘")

    assert [(row["which"], row["text"]) for row in rows] == [("stored", FIRST), ("offered", SECOND)]
    change = app.control.operator_changes(NOW)[-1]
    assert (change.by, change.name, change.value) == ("김점장", f"job#{job.job_id}", "read texts")


def test_nobody_reads_texts_without_a_reason(app):
    job = make_job()

    result = CliRunner().invoke(
        outbox.app, ["texts", job.booking_num, job.job_id, "--by", "김점장", "--reason", " "]
    )

    assert result.exit_code != 0
    assert FIRST not in result.output
    assert not any(c.value == "read texts" for c in app.control.operator_changes(NOW))


def test_a_text_that_is_gone_is_said_to_be(app):
    job = make_job()
    app.bodies.texts.clear()

    rows = run("texts", job.booking_num, job.job_id, "--by", "a", "--reason", "b")

    assert {row["text"] for row in rows} == {"(not in the store)"}
