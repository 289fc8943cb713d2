"""The daily proof that alerting works: what must be heard is sent, and somebody listens for it.

A part that stays silent is named; whoever fixed it sees the next canary green. Nothing here tells
of a customer, and every notice says that nobody has to act.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from booking_sms.bootstrap import Application
from booking_sms.domain.errors import CanarySilent, StoreUnavailable
from booking_sms.domain.metric_catalogue import data_point
from booking_sms.notify import Notice, Severity
from booking_sms.workflow.steps import Summary

ALARM_METRIC, BEAT_METRIC = "CanaryAlarm", "CanaryBeat"
DEADLINE_NOTE = "canary-deadline"
"""Where the deadline's callback writes that it was called: a note a run, as two may overlap."""

ALWAYS_HEARD = ("slack", "telegram")
"""Channels that a system in production has; the topic counts once it is set."""

ALARM, DEADLINE = "alarm", "deadline"
HEARD = "heard"
CAMPAIGN, ARTIFACT = "alert_canary", "canary.json"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long the canary listens, in seconds of real time."""

    deadline_s: float = 120.0
    alarm_s: float = 480.0
    step_s: float = 5.0


def raise_synthetic_alarm(app: Application) -> Summary:
    """Publish the number that must alarm."""
    sink = app.operations_metrics
    if sink is None:
        return {"published": 0, "failed": 0}
    return dict(sink.put([data_point(ALARM_METRIC, 1, app.clock.now())]).as_dict())


def send_test_notices(app: Application, where: str) -> Summary:
    """One test notice through every channel; which took it, with its proof."""
    notice = Notice(
        key="canary#test",
        title="TEST: the daily alert canary. Nobody has to act.",
        severity=Severity.INFO,
        where=where,
        since=app.clock.now(),
        runbook="canary-silent",
    )
    return app.notices.test(notice).as_dict()


def note_deadline(app: Application, run_id: str) -> None:
    """What the deadline's callback does: say that it was called for this run."""
    note = {"run": run_id, "at": app.clock.now().isoformat()}
    app.control.put_note(f"{DEADLINE_NOTE}#{run_id}", note)


def listen(
    app: Application,
    run_id: str,
    sent: Mapping[str, Any] | None,
    *,
    sleep: Callable[[float], None],
    patience: Patience | None = None,
) -> Summary:
    """Wait for what must be heard, publish the beat, keep the result; raises CanarySilent.

    ``sent`` is what ``send_test_notices`` gave, None if it did not end.
    """
    waits = patience or Patience()
    parts = _channels(app, sent or {})
    parts[DEADLINE] = _wait(lambda: _deadline(app, run_id), waits.deadline_s, waits.step_s, sleep)
    parts[ALARM] = _wait(lambda: _alarm(app), waits.alarm_s, waits.step_s, sleep)
    silent = {part: why for part, why in parts.items() if why != HEARD}
    beat = publish_beat(app, well=not silent)
    result = {"run": run_id, "parts": parts, "beat_published": beat}
    _keep(app, result, (sent or {}).get("receipts", []))
    _tell(app, run_id, silent)
    if silent:
        raise CanarySilent(run=run_id, **silent)
    return result


def _channels(app: Application, sent: Mapping[str, Any]) -> dict[str, str]:
    took = {receipt["channel"]: receipt for receipt in sent.get("receipts", ())}
    expected = [*ALWAYS_HEARD, *(["sns"] if app.settings.notices_topic_arn else [])]
    return {
        channel: HEARD
        if channel in took
        else ("refused" if channel in sent.get("failed", ()) else "not connected")
        for channel in expected
    }


def _deadline(app: Application, run_id: str) -> str:
    called = app.control.get_note(f"{DEADLINE_NOTE}#{run_id}")
    return HEARD if called else "its callback was not called"


def _alarm(app: Application) -> str:
    """The number is where the alarm reads it, and the alarm says so."""
    look = app.monitoring_look
    if look is None:
        return "metrics are off"
    now, name = app.clock.now(), app.settings.canary_alarm
    try:
        arrived = look.sum_of(ALARM_METRIC, now - timedelta(minutes=20), now + timedelta(minutes=1))
        state = look.alarm_state(name) if name != "off" else "ALARM"
    except StoreUnavailable as error:
        return f"not readable: {error.context.get('aws_code', '')}"
    if arrived < 1:
        return "the number did not arrive"
    return HEARD if state == "ALARM" else f"{name} is {state or 'not there'}"


def _wait(
    question: Callable[[], str], within_s: float, step_s: float, sleep: Callable[[float], None]
) -> str:
    """Ask until it is heard or patience ends; what was said last."""
    answer = question()
    for _ in range(int(within_s // step_s)):
        if answer == HEARD:
            break
        sleep(step_s)
        answer = question()
    return answer


def publish_beat(app: Application, *, well: bool) -> int:
    """1 when every part was heard, else 0; how many points arrived."""
    sink = app.operations_metrics
    if sink is None:
        return 0
    return sink.put([data_point(BEAT_METRIC, int(well), app.clock.now())]).published


def _keep(app: Application, result: Mapping[str, Any], receipts: list[Any]) -> None:
    now = app.clock.now()
    newest = max(app.evidence.versions(CAMPAIGN, ARTIFACT), default=None)
    # A world clock may stand still, versions may not.
    at = now if newest is None or now > newest else newest + timedelta(microseconds=1)
    document = {**result, "ran_at": now.isoformat(), "receipts": receipts}
    app.evidence.put(CAMPAIGN, ARTIFACT, json.dumps(document, indent=2) + "\n", at=at)


def _tell(app: Application, run_id: str, silent: Mapping[str, str]) -> None:
    """Through whatever still speaks; over when every part is heard again."""
    key = "canary#silent"
    if not silent:
        app.recovered(key)
        return
    app.notify(
        Notice(
            key=key,
            title=f"alerting is silent: {', '.join(silent)}",
            severity=Severity.CRITICAL,
            where=f"alert_canary, run {run_id}",
            since=app.clock.now(),
            facts=silent,
            runbook="canary-silent",
        )
    )
