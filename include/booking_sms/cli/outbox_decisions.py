"""``booking-sms outbox settle|drop|cancel|reopen|approve|hold-all``: with a name and a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import typer

from booking_sms.bootstrap import Application
from booking_sms.cli.composition import application
from booking_sms.cli.console import JsonOption, fail, print_facts
from booking_sms.domain.phone import mask_phone
from booking_sms.domain.sms_job import SmsJob
from booking_sms.pipeline.going_live import hold_everything
from booking_sms.pipeline.operator import Operator, Person

BookingArgument = typer.Argument(help="{store}_{booking id}")
JobArgument = typer.Argument(help="Job id as `outbox show` prints it.")
ByOption = typer.Option(..., "--by", help="Who decides.")
ReasonOption = typer.Option(..., "--reason", help="Why.")


def register(app: typer.Typer) -> None:
    """Add the commands to ``outbox``."""
    app.command("settle")(settle)
    app.command("drop")(drop)
    app.command("cancel")(cancel)
    app.command("reopen")(reopen)
    app.command("approve")(approve)
    app.command("hold-all")(hold_all)


def settle(
    booking_num: str = BookingArgument,
    job_id: str = JobArgument,
    by: str = ByOption,
    reason: str = ReasonOption,
    request_id: str = typer.Option("", "--sent", help="It went out as this request of SENS's."),
    seen: bool = typer.Option(False, "--seen", help="It went out: somebody saw it on the phone."),
    not_sent: bool = typer.Option(False, "--not-sent", help="It did not go out: send it again."),
    accept_possible_duplicate: bool = typer.Option(
        False, "--accept-possible-duplicate", help="Send again although it could arrive twice."
    ),
    as_json: bool = JsonOption,
) -> None:
    """Say what became of a text in doubt, or of a held one: sent, or not sent and sent again."""
    if (bool(request_id), seen, not_sent).count(True) != 1:
        raise fail("choose one of --sent REQUEST, --seen, --not-sent")

    def decide(operator: Operator, job: SmsJob) -> SmsJob:
        if request_id:
            return operator.settle_as_sent(job, request_id)
        if seen:
            return operator.settle_as_seen(job)
        return operator.settle_as_not_sent(job, accept_possible_duplicate=accept_possible_duplicate)

    _decide(booking_num, job_id, Person(by=by, reason=reason), decide, as_json)


def drop(
    booking_num: str = BookingArgument,
    job_id: str = JobArgument,
    by: str = ByOption,
    reason: str = ReasonOption,
    as_json: bool = JsonOption,
) -> None:
    """Do not send a held text."""
    _decide(booking_num, job_id, Person(by=by, reason=reason), Operator.drop, as_json)


def cancel(
    booking_num: str = BookingArgument,
    job_id: str = JobArgument,
    by: str = ByOption,
    reason: str = ReasonOption,
    as_json: bool = JsonOption,
) -> None:
    """Do not send a text that was not sent yet, whatever it waits for."""
    _decide(booking_num, job_id, Person(by=by, reason=reason), Operator.cancel, as_json)


def reopen(
    booking_num: str = BookingArgument,
    job_id: str = JobArgument,
    by: str = ByOption,
    reason: str = ReasonOption,
    as_json: bool = JsonOption,
) -> None:
    """Undo a cancellation: the text is held again, for you to approve."""
    _decide(booking_num, job_id, Person(by=by, reason=reason), Operator.reopen, as_json)


def approve(
    booking_num: str = BookingArgument,
    job_id: str = JobArgument,
    by: str = ByOption,
    reason: str = ReasonOption,
    as_json: bool = JsonOption,
) -> None:
    """Let a held text go out within its useful life; dispatch still looks at it last."""
    _decide(booking_num, job_id, Person(by=by, reason=reason), Operator.approve, as_json)


def hold_all(by: str = ByOption, reason: str = ReasonOption, as_json: bool = JsonOption) -> None:
    """Hold every text that waits, due or not; exit 1 while one is under way or in doubt.

    For a restored outbox, which does not know what was sent since. The kill switch must stand.
    """
    composed, person = application(), Person(by=by, reason=reason)
    found = hold_everything(composed.control, composed.jobs, person)
    print_facts("held", asdict(found), as_json=as_json)
    if not found.is_whole:
        raise fail("some are in doubt: let sms_reconcile settle them and ask again", code=1)


def _decide(
    booking_num: str,
    job_id: str,
    person: Person,
    decide: Callable[[Operator, SmsJob], SmsJob],
    as_json: bool,
) -> None:
    composed = application()
    job = find_job(composed, booking_num, job_id)
    operator = Operator(composed.dispatch_services, composed.reconcile_policy(), person)
    after = decide(operator, job)
    print_facts(f"job {after.job_id}", _facts(job, after), as_json=as_json)


def find_job(app: Application, booking_num: str, job_id: str) -> SmsJob:
    """The booking's job of this id; one clear line, with the ids there are, otherwise."""
    jobs = app.jobs.of_booking(booking_num)
    found = [job for job in jobs if job.job_id == job_id]
    if not found:
        known = ", ".join(f"{job.job_id} ({job.kind}, {job.state.value})" for job in jobs)
        raise fail(
            f"no job {job_id} of booking {booking_num}; there are: {known or 'none'}", code=1
        )
    return found[0]


def _facts(before: SmsJob, after: SmsJob) -> dict[str, Any]:
    return {
        "job_id": after.job_id,
        "booking": after.booking_num,
        "kind": after.kind,
        "to": mask_phone(after.to),
        "was": before.state.value,
        "state": after.state.value,
        "reason": after.reason,
        "request_id": after.request_id,
    }
