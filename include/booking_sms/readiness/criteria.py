"""The nine criteria of going live, each measured from the evidence of its own subject."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from booking_sms.readiness import modes
from booking_sms.readiness.checks import (
    Check,
    Criterion,
    Verdict,
    empty,
    look,
    passed,
    some,
    true,
    zero,
)
from booking_sms.readiness.evidence import Evidence, Found, Unmeasured
from booking_sms.readiness.results import (
    Channel,
    GoldenParity,
    Measure,
    Metrics,
    Mutation,
    Notices,
    Result,
    ShadowParity,
    Thresholds,
)

QUIET_DAYS = 7
"""Days without a mismatch that a campaign has to show at its end."""
MUTANT_KINDS = 40
"""Kinds of wrong outcomes that the comparator is tried on, at least."""

M = TypeVar("M", bound=Result)


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """All criteria of one campaign at one instant."""

    campaign: str
    at: datetime
    criteria: tuple[Criterion, ...]

    @property
    def passed(self) -> int:
        """How many pass."""
        return sum(one.verdict is Verdict.PASS for one in self.criteria)

    def document(self) -> Mapping[str, Any]:
        """As JSON."""
        return {
            "kind": "readiness",
            "campaign": self.campaign,
            "ran_at": self.at.isoformat(),
            "passed": self.passed,
            "total": len(self.criteria),
            "criteria": [one.document() for one in self.criteria],
        }


def measure(evidence: Evidence, delivery: modes.Modes) -> Readiness:
    """Judge a campaign by its evidence and by the delivery modes."""
    full, critical, slack = _parity(evidence), _critical(evidence), _slack(evidence)
    return Readiness(
        campaign=evidence.campaign.id,
        at=evidence.now,
        criteria=(
            full,
            critical,
            _sms(evidence),
            _dynamodb(evidence),
            _telegram(evidence),
            slack,
            _metrics(evidence),
            _comparison(evidence, delivery),
            _msc1(full, critical, slack),
        ),
    )


def _parity(evidence: Evidence) -> Criterion:
    golden, shadow = evidence.find(GoldenParity), evidence.find(ShadowParity)
    return Criterion(
        name="full_parity",
        requirement="100 % parity on golden scenarios and live, found by a proven comparator",
        remedy="explain or fix each difference, then run the campaign again: runbook, NO_GO",
        checks=(
            some(golden, "golden scenarios", lambda one: one.scenarios),
            look(golden, "golden match %", "100", lambda one: one.match_percentage, _is_all),
            zero(golden, "golden unexplained", lambda one: one.unexplained),
            empty(golden, "golden vacuous", lambda one: one.vacuous),
            *_live(shadow),
            *_comparator(evidence.find(Mutation)),
        ),
    )


def _is_all(percentage: float) -> bool:
    return percentage == 100


def _live(shadow: Found[ShadowParity] | Unmeasured) -> tuple[Check, ...]:
    """The campaign's own promise: seven quiet days that were not empty on either side."""
    return (
        some(shadow, "live windows", lambda one: one.windows),
        some(shadow, "live compared", lambda one: one.compared),
        some(shadow, "live items of the predecessor", lambda one: one.legacy_items),
        some(shadow, "live items of ours", lambda one: one.candidate_items),
        zero(shadow, "live unexplained", lambda one: one.unexplained),
        empty(shadow, "live vacuous", lambda one: one.vacuous),
        look(
            shadow,
            "days without mismatch",
            f"{QUIET_DAYS} or more",
            lambda one: one.days_without_mismatch,
            lambda days: days >= QUIET_DAYS,
        ),
    )


def _comparator(mutation: Found[Mutation] | Unmeasured) -> tuple[Check, ...]:
    """A comparator that finds nothing is only worth something if it can find."""
    return (
        look(
            mutation,
            "kinds of mutants",
            f"{MUTANT_KINDS} or more",
            lambda one: one.kinds,
            lambda kinds: kinds >= MUTANT_KINDS,
        ),
        some(mutation, "mutants killed", lambda one: one.killed),
        zero(mutation, "mutants survived", lambda one: one.survived),
        zero(mutation, "mutants neither killed nor alive", _unaccounted),
    )


def _unaccounted(one: Mutation) -> int | None:
    if one.mutants is None or one.killed is None or one.survived is None:
        return None
    return one.mutants - one.killed - one.survived


def _critical(evidence: Evidence) -> Criterion:
    golden, shadow = evidence.find(GoldenParity), evidence.find(ShadowParity)
    return Criterion(
        name="zero_critical",
        requirement="no critical mismatch; live, every unexplained one is critical",
        remedy="find the rule or field in the mismatch table of the golden and the live report",
        checks=(
            zero(golden, "golden critical", lambda one: one.critical),
            zero(shadow, "live unexplained", lambda one: one.unexplained),
        ),
    )


def _sms(evidence: Evidence) -> Criterion:
    golden, shadow = evidence.find(GoldenParity), evidence.find(ShadowParity)
    return Criterion(
        name="sms_parity",
        requirement="the SMS channel agrees by its own counts, with texts on both sides",
        remedy="read the SMS section of the golden report and the live mismatches of the channel",
        checks=(
            *_channel(golden, "golden sms", lambda one: one.sms),
            *_channel(shadow, "live sms", lambda one: one.channels.sms),
        ),
    )


def _dynamodb(evidence: Evidence) -> Criterion:
    golden, shadow = evidence.find(GoldenParity), evidence.find(ShadowParity)
    return Criterion(
        name="dynamodb_parity",
        requirement="writes and the ledger after them agree by their own counts, on both sides",
        remedy="compare the ledger rows of the named bookings: a flag is missing or too many",
        checks=(
            *_channel(golden, "golden writes", lambda one: one.writes),
            *_channel(golden, "golden ledger", lambda one: one.ledger),
            *_channel(shadow, "live db", lambda one: one.channels.db),
        ),
    )


def _telegram(evidence: Evidence) -> Criterion:
    golden = evidence.find(GoldenParity)
    return Criterion(
        name="telegram_parity",
        requirement="the Telegram channel agrees by its own counts, with lines on both sides",
        remedy="read the Telegram section of the golden report",
        note="golden scenarios only: live, the predecessor's Telegram lines cannot be observed",
        checks=_channel(golden, "golden telegram", lambda one: one.telegram),
    )


def _channel(
    found: Found[M] | Unmeasured, label: str, pick: Callable[[M], Channel | None]
) -> tuple[Check, ...]:
    def of(name: str) -> Callable[[M], Any]:
        return lambda result: getattr(pick(result), name, None)

    return (
        some(found, f"{label} expected", of("expected")),
        some(found, f"{label} actual", of("actual")),
        zero(found, f"{label} mismatches", of("mismatches")),
    )


def _slack(evidence: Evidence) -> Criterion:
    notices = evidence.find(Notices)
    return Criterion(
        name="slack",
        requirement="the webhook is configured, and no notice of the campaign failed",
        remedy="set slack_default, post a test notice, and look for team_told and notice_failed",
        checks=(
            true(notices, "slack configured", lambda one: one.slack_configured),
            some(notices, "notices sent", lambda one: one.sent),
            zero(notices, "notices failed", _worst(evidence, Notices)),
        ),
    )


def _metrics(evidence: Evidence) -> Criterion:
    metrics = evidence.find(Metrics)
    return Criterion(
        name="metrics",
        requirement="metrics are published without failure, seen on the dashboard, within limits",
        remedy="publish again, look at the dashboard and record it; speed up what is over a limit",
        checks=(
            some(metrics, "metrics published", lambda one: one.published),
            zero(metrics, "metrics failed", _worst(evidence, Metrics)),
            true(metrics, "dashboard verified", lambda one: one.dashboard_verified),
            *_limits(evidence.find(Thresholds)),
        ),
    )


def _worst(evidence: Evidence, kind: type[M]) -> Callable[[M], int | None]:
    """The most failures that any result of the campaign tells; None if one does not tell.

    The newest says what is; a failure earlier in the campaign is not undone by a good day.
    """

    def worst(_: M) -> int | None:
        failed: Sequence[int | None] = [getattr(one, "failed", None) for one in history]
        return max((n for n in failed if n is not None), default=None) if all_told(failed) else None

    history = evidence.history(kind)
    return worst


def all_told(values: Sequence[object]) -> bool:
    """Whether there is something, and none of it is missing."""
    return bool(values) and None not in values


def _limits(found: Found[Thresholds] | Unmeasured) -> tuple[Check, ...]:
    some_limits = some(found, "limits measured", lambda one: _count(one.measures))
    if isinstance(found, Unmeasured):
        return (some_limits,)
    return (some_limits, *(_limit(found, one) for one in found.result.measures or ()))


def _count(measures: Sequence[Measure] | None) -> int | None:
    return None if measures is None else len(measures)


def _limit(found: Found[Thresholds], one: Measure) -> Check:
    measured = one.value is not None and one.limit is not None
    return Check(
        what=one.name,
        required=f"within {one.limit} {one.unit}".rstrip(),
        value=one.value,
        ok=one.ok if measured else None,
        source=found.source,
    )


def _comparison(evidence: Evidence, delivery: modes.Modes) -> Criterion:
    return Criterion(
        name="comparison_mode",
        requirement="every store compares and sends nothing, now and since the campaign's start",
        remedy="booking-sms control set-mode comparison, then begin the campaign again",
        checks=(
            modes.now_comparing(delivery),
            modes.compared_throughout(delivery, evidence.campaign.start),
        ),
    )


def _msc1(*criteria: Criterion) -> Criterion:
    return Criterion(
        name="msc1",
        requirement="full parity, zero critical mismatches and Slack together",
        remedy="it follows from the three",
        checks=tuple(map(passed, criteria)),
    )
