"""Steps of dispatch and reconcile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from booking_sms.bootstrap import Application
from booking_sms.domain.errors import (
    GatewayListUnavailable,
    LoadError,
)
from booking_sms.domain.metric import Metric
from booking_sms.domain.metric_catalogue import data_point
from booking_sms.pipeline import (
    delivery,
    dispatch,
    reconcile,
    report,
    settle,
)
from booking_sms.pipeline.cap_forecast import CapStanding
from booking_sms.pipeline.cap_watch import alert_on_caps, read_cap_standings, stopping_caps
from booking_sms.pipeline.once_a_day import tell_once_a_day
from booking_sms.pipeline.outcomes import Outcome
from booking_sms.pipeline.pacing import workers_of
from booking_sms.pipeline.send_gate import pause_begun
from booking_sms.telemetry.log_events import log_event
from booking_sms.telemetry.publishing import publish
from booking_sms.telemetry.run_metrics import publish_count, sent_points
from booking_sms.workflow.steps import Summary

PAUSE_ALERT = "pause_alert"
LOST = frozenset({Outcome.REFUSED, Outcome.EXPIRED})
log = structlog.get_logger(__name__)


def claim_and_send(
    app: Application, shards: Sequence[int], should_stop: Callable[[], bool] = lambda: False
) -> Summary:
    """Drain what is due now in these shards, at their part of the configured rate."""
    policy = app.dispatch_policy(workers_of(len(shards)))
    return dispatch.dispatch_shards(app.dispatch_services, shards, policy, should_stop).as_dict()


def report_dispatch(app: Application, results: Sequence[Mapping[str, Any]]) -> Summary:
    """Tell the owner what was sent, masked, silent when nothing was; page if sending paused.

    The team hears of caps that are near, and everybody of one that holds texts.
    """
    keys = [tuple(key) for item in results for key in item.get("accepted", ())]
    text = report.dispatch_text(app.jobs, app.catalog().stores, keys)
    if text:
        app.tell_owner(text)
    _publish_texts(app, keys, lambda: _lost_texts(app, results))
    stopped = sorted({reason for item in results for reason in item.get("stopped", ())})
    paused = [reason for reason in stopped if reason.startswith("paused_")]
    if paused:
        _page_pause(app, paused)
    _watch_caps(app, results)
    log_event("dispatch_completed", sms_sent=len(keys), stopped=stopped, status="success")
    return {"accepted": len(keys), "told": bool(text), "stopped": stopped}


def _publish_texts(
    app: Application, keys: Iterable[report.JobKey], lost: Callable[[], int]
) -> None:
    """Tell monitoring of accepted and of lost texts, also that there were none.

    Jobs that cannot be read now cost their numbers and nothing else.
    """

    def points(at: datetime) -> Iterator[Metric]:
        yield data_point("SMSFailedTotal", lost(), at)
        yield from sent_points(report.read_jobs(app.jobs, keys), app.settings.prices, at)

    publish(app, points)


def _lost_texts(app: Application, results: Sequence[Mapping[str, Any]]) -> int:
    """Texts, not notices, that this run ended without a customer having them."""
    lost = [
        (str(num), str(sort_key))
        for item in results
        for num, sort_key, outcome in item.get("others", ())
        if outcome in LOST
    ]
    return sum(job.is_text for job in report.read_jobs(app.jobs, lost))


def _page_pause(app: Application, paused: Sequence[str]) -> None:
    """Once when it begins, and once a day while it is renewed; rather twice than not at all."""
    page = partial(app.page, f"SENS: all sending is paused ({', '.join(paused)}); texts wait")
    try:
        began = pause_begun(app.control)
        tell_once_a_day(app.control, PAUSE_ALERT, app.clock.now(), page, about=began)
    except LoadError:
        page()


def _watch_caps(app: Application, results: Sequence[Mapping[str, Any]]) -> None:
    """Look at the caps after a run that sent something or was stopped by one; idle ones cost none.

    Caps that cannot be read fail nothing: what was sent has been told.
    """
    counts: Counter[str] = Counter()
    for item in results:
        counts.update(item.get("counts", {}))
    stopping = stopping_caps(counts)
    if not stopping and not any(item.get("accepted") for item in results):
        return
    try:
        alert_on_caps(
            look_at_caps(app),
            stopping,
            app.control,
            app.clock.now(),
            alert=app.alert,
            page=app.page,
        )
    except LoadError as error:
        log.warning("caps_not_read", error=error.code)


def look_at_caps(app: Application) -> tuple[CapStanding, ...]:
    """Where the day's and the month's caps stand, with a forecast."""
    return read_cap_standings(app.dispatch_services, app.dispatch_policy(1).caps)


def settle_unknown_outcomes(app: Application) -> Summary:
    """Settle every doubt that SENS's list can settle."""
    summary = settle.settle_unknown_outcomes(app.dispatch_services, app.reconcile_policy())
    _publish_texts(app, summary.accepted, lambda: summary.expired)
    return summary.as_dict()


def poll_delivery_reports(app: Application) -> Summary:
    """Ask SENS for the carriers' final words, and for who refused advertising."""
    summary = delivery.poll_delivery_reports(app.dispatch_services, app.reconcile_policy())
    publish_count(app, "SMSFailedTotal", summary.undelivered)
    return {**summary.as_dict(), "opt_outs": _refresh_opt_outs(app)}


def _refresh_opt_outs(app: Application) -> int | None:
    """How many were copied; None if SENS's list cannot be read now.

    Nobody gets more advertising by that: SENS fails it to those who refused.
    """
    try:
        return reconcile.refresh_opt_outs(app.dispatch_services)
    except GatewayListUnavailable as error:
        log.warning("opt_outs_not_read", reason=error.context.get("reason"))
        return None


def expire_overdue(app: Application) -> Summary:
    """Expire what is too late to send."""
    summary = reconcile.expire_overdue(app.dispatch_services)
    publish_count(app, "SMSFailedTotal", summary.texts)
    return summary.as_dict()
