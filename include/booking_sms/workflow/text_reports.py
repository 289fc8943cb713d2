"""The weekly report: counted, kept as evidence, told in one line."""

from __future__ import annotations

from datetime import date, timedelta

from booking_sms.bootstrap import Application
from booking_sms.domain.booking import KST
from booking_sms.notify import Notice, Severity
from booking_sms.reports import texts
from booking_sms.reports.export import csv_of
from booking_sms.reports.page import page
from booking_sms.workflow.steps import Summary

REPORTS = "reports"
"""Where reports are kept: a campaign of the evidence store that never ends."""
WEEK_PAGE, WEEK_TABLE = "texts-week.html", "texts-week.csv"


def text_report(app: Application, first: date, last: date) -> texts.TextReport:
    """Texts of these Korean days, both included, from the outbox; reads the whole table."""
    now = app.clock.now()
    kept = timedelta(days=app.settings.personal_key_days)
    return texts.count_texts(
        app.jobs.everything(),
        app.catalog().stores,
        app.settings.prices,
        first=first,
        last=last,
        now=now,
        kept_since=now.astimezone(KST).date() - kept,
    )


def build_week(app: Application) -> Summary:
    """Count the seven days before today and keep page and table; counts only."""
    now = app.clock.now()
    report = text_report(app, *texts.week_before(now))
    kept = {WEEK_PAGE: page(report), WEEK_TABLE: csv_of(report)}
    for name, content in kept.items():
        app.evidence.put(REPORTS, name, content, at=now)
    days = {"from": report.first.isoformat(), "to": report.last.isoformat()}
    return {**days, **report.totals(), "unreadable": report.unreadable, "kept": [*kept]}


def tell_week(app: Application, built: Summary, where: str) -> Summary:
    """A short notice to the team; a week is told once, however often the task is repeated."""
    told = ("accepted", "delivered", "undelivered", "refused")
    notice = Notice(
        key=f"report#week-{built['from']}",
        title=f"Texts {built['from']} to {built['to']}: {built['accepted']} accepted",
        severity=Severity.INFO,
        where=where,
        since=app.clock.now(),
        facts={**{name: str(built[name]) for name in told}, "estimate": f"{built['krw']} KRW"},
        is_event=True,
    )
    return app.notify(notice).as_dict()
