"""``booking-sms outbox texts``: the words of a job, for a person who has to judge an incident.

A text names a customer and may hold a door code, so who read it and why is on the trail.
``booking-sms outbox seals`` tells only how many texts each key still seals.
"""

from __future__ import annotations

from typing import Any

import typer

from booking_sms.bootstrap import Application
from booking_sms.cli.composition import application
from booking_sms.cli.console import JsonOption, fail, print_facts, print_json, print_table
from booking_sms.cli.outbox_decisions import (
    BookingArgument,
    ByOption,
    JobArgument,
    ReasonOption,
    find_job,
)
from booking_sms.domain.incidents import incidents_of
from booking_sms.domain.sms_job import SmsJob
from booking_sms.pipeline.operator import Person

STORED, OFFERED = "stored", "offered"


def register(app: typer.Typer) -> None:
    """Add the commands to ``outbox``."""
    app.command("texts")(texts)
    app.command("seals")(seals)


def texts(
    booking_num: str = BookingArgument,
    job_id: str = JobArgument,
    by: str = ByOption,
    reason: str = ReasonOption,
    as_json: bool = JsonOption,
) -> None:
    """The text of a job, and each other text that was offered under its key."""
    composed, person = application(), Person(by=by, reason=reason)
    job = find_job(composed, booking_num, job_id)
    # The trail comes first: no text is shown without its record.
    composed.control.record_change(f"job#{job_id}", "read texts", by=person.by, reason=reason)
    rows = texts_of(composed, job)
    if as_json:
        print_json(rows)
        return
    columns = ("which", "window", "rule", "body_sha", "text")
    print_table(f"texts of {job_id}", columns, (tuple(row.values()) for row in rows))


def seals(
    renew: bool = typer.Option(False, "--renew", help="Seal anew what an older key sealed."),
    as_json: bool = JsonOption,
) -> None:
    """Count texts by the key that seals them; exit 1 while an older one is still needed.

    Nothing is read out, so nobody has to say who looks.
    """
    counts = application().bodies.seals(renew=renew)
    print_facts("seals of texts", counts, as_json=as_json)
    if counts["older"]:
        raise fail("texts are under an older key: seal them anew with --renew", code=1)


def texts_of(app: Application, job: SmsJob) -> list[dict[str, Any]]:
    """What goes out, and what was refused because this was there."""
    rows = [_row(app, STORED, job.window, job.rule, job.body_sha)]
    for note in incidents_of(app.control, job.job_id):
        if "offered_body" in note:
            origin = (note["offered_window"], note["offered_rule"])
            rows.append(_row(app, OFFERED, *origin, note["offered_body"]))
    return rows


def _row(app: Application, which: str, window: str, rule: str, body_sha: str) -> dict[str, Any]:
    try:
        text = app.bodies.get(body_sha) if body_sha else ""
    except KeyError:
        text = "(not in the store)"
    return {"which": which, "window": window, "rule": rule, "body_sha": body_sha, "text": text}
