"""``booking-sms outbox``: what the jobs are, without a person in sight."""

from __future__ import annotations

from collections import Counter
from typing import Any

import typer

from booking_sms.cli import outbox_decisions, outbox_texts
from booking_sms.cli.composition import application
from booking_sms.cli.console import JsonOption, fail, print_json, print_table
from booking_sms.domain.booking import KST
from booking_sms.domain.incidents import incidents_of
from booking_sms.domain.phone import mask_phone
from booking_sms.domain.sms_job import ACCOUNTING, SmsJob

app = typer.Typer(no_args_is_help=True, help="The outbox: jobs, states, reasons.")
outbox_decisions.register(app)
outbox_texts.register(app)


@app.command()
def stats(
    window: str = typer.Option("", help="Only jobs of this window (its end, ISO)."),
    as_json: bool = JsonOption,
) -> None:
    """Jobs by store, kind and state, why those wait or ended, and the accounting identity."""
    jobs = application().jobs
    counts = jobs.count_by_state(window or None)
    rows = [
        {"store": store, "kind": kind, "state": state, "jobs": number}
        for (store, kind, state), number in sorted(counts.items())
    ]
    reasons = [
        {"kind": kind, "state": state, "reason": reason, "jobs": number}
        for (kind, state, reason), number in sorted(jobs.count_by_reason().items())
    ]
    identity = accounting_groups(counts)
    if as_json:
        print_json({"jobs": rows, "reasons": reasons, "accounting": identity})
        return
    print_table("outbox", ("store", "kind", "state", "jobs"), (tuple(row.values()) for row in rows))
    columns = ("kind", "state", "reason", "jobs")
    print_table("reasons", columns, (tuple(row.values()) for row in reasons))
    print_table("accounting", ("group", "jobs"), identity.items())


def accounting_groups(counts: Any) -> dict[str, int]:
    """planned = sent + refused + skipped + superseded + expired + held + in flight."""
    groups: Counter[str] = Counter()
    for (_, _, state), jobs in counts.items():
        group = next((name for name, states in ACCOUNTING.items() if state in states), "unreadable")
        groups[group] += jobs
    return {
        "planned": sum(counts.values()),
        **{name: groups[name] for name in groups_known(groups)},
    }


def groups_known(groups: Counter[str]) -> list[str]:
    """The groups of the identity, and what is no job of ours only if there is any."""
    return [*ACCOUNTING, *(["unreadable"] if groups["unreadable"] else [])]


@app.command()
def show(
    booking_num: str = typer.Argument(help="{store}_{booking id}"),
    as_json: bool = JsonOption,
) -> None:
    """The story of one booking's messages, recipients masked, incidents included."""
    composed = application()
    jobs = composed.jobs.of_booking(booking_num)
    if not jobs:
        raise fail(f"no job of booking {booking_num}", code=1)
    stories = [
        job_story(job) | {"incidents": incidents_of(composed.control, job.job_id)} for job in jobs
    ]
    if as_json:
        print_json(stories)
        return
    for story in stories:
        print_table(f"job {story['job_id']}", ("what", "value"), story.items())


def job_story(job: SmsJob) -> dict[str, Any]:
    """One job as an operator may see it: everything but the person and the text."""
    return {
        "job_id": job.job_id,
        "booking": job.booking_num,
        "kind": job.kind,
        "to": mask_phone(job.to),
        "state": job.state.value,
        "reason": job.reason,
        "attempt": job.attempt,
        "window": job.window,
        "rule": job.rule,
        "template": f"{job.template}@{job.template_digest}",
        "not_before": job.not_before.astimezone(KST).isoformat(),
        "not_after": job.not_after.astimezone(KST).isoformat(),
        "request_id": job.request_id,
        "attempts": [
            {"number": a.number, "outcome": a.outcome, "code": a.code} for a in job.attempts
        ],
    }
