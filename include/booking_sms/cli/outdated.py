"""``booking-sms message outdated``: who holds an old text, and a new one for each if asked."""

from __future__ import annotations

from typing import Any

import typer

from booking_sms.bootstrap import Application
from booking_sms.cli import composition
from booking_sms.cli.console import JsonOption, fail, print_json, print_table
from booking_sms.cli.rules_preview import chosen_stores, read_facts, refuse_gaps
from booking_sms.domain.window import Window
from booking_sms.pipeline.applied_catalog import applied_history, live_catalog
from booking_sms.pipeline.live import read_stores
from booking_sms.pipeline.outdated import OutdatedReport, find_outdated
from booking_sms.pipeline.resend import Outbox, TextMaker, enqueue_manual

AT_MOST = 50
COLUMNS = ("booking", "customer", "visit", "text", "state")


def outdated(
    store: str = typer.Option("", "--store", help="One store only."),
    kind: str = typer.Option("guide", "--kind", help="Kind of text."),
    resend: bool = typer.Option(False, "--resend", help="Send each of them today's text."),
    by: str = typer.Option("", "--by", help="Who resends."),
    reason: str = typer.Option("", "--reason", help="Why."),
    at_most: int = typer.Option(AT_MOST, "--at-most", min=1, help="Refuse to resend more."),
    as_json: bool = JsonOption,
) -> None:
    """List customers whose visit is not over and whose text reads differently today.

    Looks at visits of the next 31 days. Without --resend it only looks; with it, each of them
    gets today's text through the outbox.
    """
    if resend and not (by and reason):
        raise fail("--resend needs --by and --reason")
    app = composition.application()
    look_with_live_rules(app)
    catalog, now = app.catalog(), app.clock.now()
    known = sorted({rule.kind for rule in catalog.rules.rules if not rule.is_notice})
    if kind not in known:
        raise fail(f"no rule texts kind {kind!r}; known: {', '.join(known)}")
    read = read_stores(app.source, chosen_stores(catalog, store), Window(now), now)
    report = find_outdated(read.bookings, app.jobs, text_maker(app), kind, now)
    facts = {**read_facts(read), "holders": report.holders, "problems": dict(report.problems)}
    if resend:
        facts["resent"] = _resend(app, report, at_most, by=by, reason=reason)
    _show(app, report, facts, as_json=as_json)
    refuse_gaps(read)


def look_with_live_rules(app: Application) -> None:
    """What was applied, else the files: without the write that a window would do."""
    live = live_catalog(app.control) if applied_history(app.control) else None
    app.use_catalog(live or app.load_catalog())


def text_maker(app: Application) -> TextMaker:
    """What texts are made of."""
    return TextMaker(
        catalog=app.catalog(),
        secrets=app.secrets,
        hmac_key=app.connections.own.hmac_key,
        code_version=app.code_version,
    )


def outbox_of(app: Application) -> Outbox:
    """Where they go."""
    return Outbox(jobs=app.jobs, bodies=app.bodies, control=app.control)


def _resend(
    app: Application, report: OutdatedReport, at_most: int, *, by: str, reason: str
) -> list[str]:
    """Ids of the new jobs; nothing is enqueued if there are too many."""
    if len(report.outdated) > at_most:
        raise fail(f"{len(report.outdated)} texts are above --at-most {at_most}: none is resent")
    outbox = outbox_of(app)
    for one in report.outdated:
        enqueue_manual(one.job, one.text, outbox, by=by, reason=reason)
    return [one.job.job_id for one in report.outdated]


def _show(
    app: Application, report: OutdatedReport, facts: dict[str, Any], *, as_json: bool
) -> None:
    found = [one.as_dict(app.catalog().stores) for one in report.outdated]
    if as_json:
        print_json({"outdated": found, **facts})
        return
    print_table("outdated texts", COLUMNS, map(_row, found))
    print_table("in all", ("what", "value"), facts.items())


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    who = f"{one['store']} {one['customer']} {one['recipient']}"
    return one["booking"], who, one["visit"][5:16].replace("T", " "), one["kind"], one["state"]
