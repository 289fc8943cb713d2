"""The monthly review: figures of the month before, a checklist, one line to the team."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from booking_sms.bootstrap import Application
from booking_sms.notify import Notice, Severity, read_silences
from booking_sms.notify.tally import TROUBLES
from booking_sms.reports.review import Figures, checklist, review_page
from booking_sms.reports.texts import month_before, start_of
from booking_sms.workflow import canary
from booking_sms.workflow.maintenance import erased_since
from booking_sms.workflow.steps import Summary
from booking_sms.workflow.text_reports import REPORTS, text_report

CHANNELS = ("slack", "telegram", "sns")
PAGE = "review-month.html"


def review_month(app: Application, logs: Mapping[str, float] | None) -> Summary:
    """Keep the page, tell the team how many lines want a look. SettingsInvalid: a bad silence."""
    now = app.clock.now()
    figures = figures_of(app, logs)
    app.evidence.put(REPORTS, PAGE, review_page(figures, now), at=now)
    items = [item.as_dict() for item in checklist(figures)]
    look = [str(item["topic"]) for item in items if item["look"]]
    month = f"{figures.first:%Y-%m}"
    notice = Notice(
        key=f"report#month-{month}",
        title=f"Review of {month}: {len(look)} of {len(items)} lines want a look",
        severity=Severity.INFO,
        where="monthly_review",
        since=now,
        facts={"look at": ", ".join(look) or "nothing"},
        is_event=True,
    )
    return {"month": month, "items": items, "notice": app.notify(notice).as_dict()}


def figures_of(app: Application, logs: Mapping[str, float] | None) -> Figures:
    """What the month before came to."""
    now = app.clock.now()
    first, last = month_before(now)
    return Figures(
        first=first,
        last=last,
        texts=text_report(app, first, last).totals(),
        counted_texts=app.control.texts_of_month(first).of_month(first),
        monthly_cap=app.settings.monthly_text_cap,
        notices={name: app.tally.between(name, first, last) for name in CHANNELS},
        troubles_told=app.tally.between(TROUBLES, first, last)["sent"],
        canaries=_canaries(app, first, last),
        erasure=erased_since(app, start_of(first), start_of(last + timedelta(days=1))),
        silences=len(read_silences(app.settings.home, now).entries),
        changes=len(app.control.operator_changes(first)),
        logs=logs,
    )


def _canaries(app: Application, first: date, last: date) -> list[bool]:
    """Whether each canary of the month was heard."""
    since, until = start_of(first), start_of(last + timedelta(days=1))
    return [
        _is_green(app, at)
        for at in app.evidence.versions(canary.CAMPAIGN, canary.ARTIFACT)
        if since <= at < until
    ]


def _is_green(app: Application, at: datetime) -> bool:
    found = app.evidence.get(canary.CAMPAIGN, canary.ARTIFACT, at)
    parts = json.loads(found.content)["parts"] if found else {}
    return bool(parts) and set(parts.values()) == {canary.HEARD}
