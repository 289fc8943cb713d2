"""Measures again what a campaign is judged by, on the rules and the code in use now.

Nothing is taken over from earlier runs: evidence about other rules or older code is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import structlog

from booking_sms.bootstrap import Application
from booking_sms.domain.booking import KST
from booking_sms.notify import Notice, Severity
from booking_sms.parity.mutation import Comparator, mutate
from booking_sms.parity.page import PageSource
from booking_sms.parity.publishing import metrics_evidence, publish_parity
from booking_sms.parity.table import COLUMNS, csv_of, rows_of
from booking_sms.workflow.readiness import keep_text, load_campaign, record_evidence
from booking_sms.workflow.shadowing import campaign_report
from booking_sms.workflow.steps import Summary
from booking_sms.workflow.validating import PAGE, RESULT, judge_goldens, page_of

SHADOW, MUTATION = "shadow.json", "mutation.json"
METRICS, THRESHOLDS = "metrics.json", "thresholds.json"
NOTICES = "notices.json"
GOLDEN_TABLE, SHADOW_TABLE = "golden-mismatches.csv", "shadow-mismatches.csv"
SHADOW_COLUMNS = (
    "channel",
    "what",
    "store",
    "booking",
    "kind",
    "window",
    "other_window",
    "explained",
)
log = structlog.get_logger(__name__)


def collect_evidence(
    app: Application,
    campaign: str,
    thresholds: Mapping[str, Any],
    dashboard: Callable[[], bool | None] = lambda: None,
) -> Summary:
    """Golden and shadow parity, the comparator's own proof, metrics, limits, notices: by version.

    ``thresholds`` come measured from outside, in processes of their own. ``dashboard`` looks at
    the dashboard once the numbers are out; None is unmeasured. The team is told, for real: what
    Slack takes and refuses since the campaign's start is evidence. Raises ActionRefused for an
    unknown campaign.
    """
    shadow, golden = campaign_report(app, campaign), judge_goldens(app)
    at = app.clock.now()
    texts = {
        PAGE: page_of(app, campaign, golden),
        GOLDEN_TABLE: csv_of(rows_of(golden.report), COLUMNS),
        SHADOW_TABLE: csv_of(shadow["differences"], SHADOW_COLUMNS),
    }
    results = {
        RESULT: golden.result,
        SHADOW: shadow["result"],
        MUTATION: _mutation(app, golden),
        THRESHOLDS: thresholds,
        **_metrics(app, (golden.result, shadow["result"]), dashboard),
        NOTICES: measure_notices(app, campaign),
    }
    for name, document in results.items():
        record_evidence(app, campaign, name, {**document, "ran_at": at.isoformat()})
    for name, text in texts.items():
        keep_text(app, campaign, name, text, at)
    return {"campaign": campaign, "kept": [*results, *texts]}


def measure_notices(app: Application, campaign: str) -> dict[str, Any]:
    """What Slack took and refused on the campaign's days, this notice included."""
    now = app.clock.now()
    app.notify(
        Notice(
            key=f"campaign#{campaign}",
            title=f"evidence of {campaign} was collected",
            severity=Severity.INFO,
            where="readiness",
            since=now,
        )
    )
    first = load_campaign(app, campaign).start.astimezone(KST).date()
    counted = app.tally.between("slack", first, now.astimezone(KST).date())
    return {"kind": "notices", "slack_configured": "slack" in app.channels, **counted}


def _mutation(app: Application, golden: PageSource) -> dict[str, Any]:
    comparator = Comparator.ours(golden.rules, golden.explanations, golden.today)
    return mutate(golden.expected, comparator).as_dict(app.clock.now())


def _metrics(
    app: Application, results: Iterable[Mapping[str, Any]], dashboard: Callable[[], bool | None]
) -> dict[str, Any]:
    """What was published and what failed; nothing where publishing is switched off."""
    sink = app.comparison_metrics
    if sink is None:
        return {}
    evidence = [metrics_evidence(one, publish_parity(one, sink, log)) for one in results]
    totals = {name: sum(one[name] for one in evidence) for name in ("published", "failed")}
    return {METRICS: evidence[0] | totals | {"dashboard_verified": dashboard()}}
