"""Settles doubt by SENS's own list. Sends nothing.

Why a resend cannot double: SENS refuses a timestamp of 5 minutes, and an attempt's only
timestamp is t0. So an attempt that is absent from the list ``settle_s`` after t0 was not sent
and never will be. A list that cannot be read settles nothing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from booking_sms.domain.errors import (
    ConfigError,
    GatewayListUnavailable,
    StoreThrottled,
    StoreUnavailable,
)
from booking_sms.domain.message import MessageType
from booking_sms.domain.sms_job import JobState, Move, SmsJob
from booking_sms.pipeline.acceptance import (
    Acceptance,
    note_incident,
    record_acceptance,
    record_if_advertising,
)
from booking_sms.pipeline.matching import CANNOT_TELL, Match, Verdict, match_rows
from booking_sms.pipeline.notices import let_go_again
from booking_sms.pipeline.open_jobs import instant_of, open_jobs_by_shard
from booking_sms.pipeline.request_claims import claim_row
from booking_sms.pipeline.services import (
    TIMESTAMP_VALIDITY_S,
    DispatchServices,
    ReconcilePolicy,
)

RESENT_IN_DOUBT = "resent_in_doubt"
"""Attempt outcome of the one deliberate possible duplicate that the owner's policy allows."""

_LIST_SPAN = timedelta(days=29)


@dataclass(kw_only=True)
class SettleSummary:
    """Counts of one settling run; ``oldest_doubt_s`` is the age since t0 of what is left.

    ``accepted`` are the keys of the jobs that were found; ``told_again`` are notices to colleagues
    whose sender ended before it wrote what came of them.
    """

    lapsed: int = 0
    found: int = 0
    resent: int = 0
    told_again: int = 0
    possible_duplicates: int = 0
    cancelled: int = 0
    expired: int = 0
    held: int = 0
    waiting: int = 0
    list_unavailable: int = 0
    lost_races: int = 0
    incidents: int = 0
    store_failed: int = 0
    oldest_doubt_s: int = 0
    accepted: list[tuple[str, str]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """JSON-able counts."""
        return asdict(self)


def settle_unknown_outcomes(services: DispatchServices, policy: ReconcilePolicy) -> SettleSummary:
    """Lapse what its sender left behind, then settle every doubt that the list can settle.

    Raises LoadError only if a shard cannot be listed; safe to repeat at any time.
    """
    settling = _Settling(services, policy)
    for shard_jobs in open_jobs_by_shard(services):
        settling.settle_shard(shard_jobs)
    return settling.summary


def look_at_list(services: DispatchServices, policy: ReconcilePolicy, job: SmsJob) -> Match:
    """Ask SENS for the recipient's rows around every attempt that may have gone out.

    Raises GatewayListUnavailable: then nothing is known.
    """
    skew = timedelta(seconds=policy.skew_s)
    since = instant_of(job.t0) - skew
    until = instant_of(job.t0) + timedelta(seconds=TIMESTAMP_VALIDITY_S) + skew
    first = instant_of(min([job.t0, *(attempt.t0 for attempt in job.attempts)])) - skew
    listed_from = max(first - timedelta(seconds=policy.zone_margin_s), until - _LIST_SPAN)
    rows = services.gateway.find(job.to, job.sender, listed_from, until)
    return match_rows(job, rows, _content(services, job), since, until)


def _content(services: DispatchServices, job: SmsJob) -> str:
    """The text, empty if it is gone: then no row's content can be ours, and it is held."""
    try:
        return services.bodies.get(job.body_sha)
    except KeyError:
        return ""


class _Settling:
    """One settling run over all shards."""

    def __init__(self, services: DispatchServices, policy: ReconcilePolicy) -> None:
        self._services = services
        self._policy = policy
        self.summary = SettleSummary()

    def settle_shard(self, jobs: tuple[SmsJob, ...]) -> None:
        """Settle a shard's doubts; the same recipient never is in two shards."""
        for job in jobs:
            try:
                if not job.is_text:
                    self.summary.told_again += let_go_again(self._services, job)
                    continue
                doubt = self._in_doubt(job)
                if doubt is not None:
                    self._settle(doubt)
            except (StoreThrottled, StoreUnavailable):
                self.summary.store_failed += 1  # this job waits for the next run, the rest goes on
            except ConfigError:
                self._wait(job)  # no key opens its text, so no row is told from another's

    def _in_doubt(self, job: SmsJob) -> SmsJob | None:
        """The job if its outcome is unknown, after the lapse of a lease that ran out."""
        if job.state is JobState.OUTCOME_UNKNOWN:
            return job
        now_ms = self._now_ms()
        if job.state is not JobState.SENDING or job.lease_until >= now_ms:
            return None
        record_if_advertising(self._services, job)  # its sender died before it could
        attempts = job.with_attempt("lapsed").attempts
        lapsed = self._services.jobs.move(
            job, Move.LAPSE, now_ms=now_ms, reason="lease_lapsed", attempts=attempts
        )
        self.summary.lapsed += lapsed is not None
        self.summary.lost_races += lapsed is None
        return lapsed

    def _settle(self, job: SmsJob) -> None:
        """Look at the list once and act on what it says."""
        looked_at_ms = self._now_ms()  # before the call: a slow answer is no younger than this
        try:
            match = look_at_list(self._services, self._policy, job)
        except GatewayListUnavailable:
            # The list settles nothing; only the owner's policy near the visit goes on without it.
            self.summary.list_unavailable += 1
            if not self._resend_near_visit(job):
                self._wait(job)
            return
        if match.verdict is Verdict.AMBIGUOUS:
            self._on_ambiguous(job, match, looked_at_ms)
        elif match.verdict is Verdict.ABSENT:
            self._on_absent(job, looked_at_ms)
        elif self._twin_is_sending(job):
            self._wait(job)
        else:
            self._on_found(job, match, looked_at_ms)

    # -- verdicts -----------------------------------------------------------------------------

    def _on_found(self, job: SmsJob, match: Match, looked_at_ms: int) -> None:
        """Take a row that no other job has; all of them are others': there is none for this one."""
        claim = claim_row(self._services, job, match.rows)
        row = claim.row
        if row is None:
            self._on_none_left(job, looked_at_ms, is_open=claim.is_open)
            return
        if match.reason:
            note_incident(self._services, job, match.reason, row.request_id)
        result = record_acceptance(
            self._services, job, row.request_id, message_id=row.message_id, note="found"
        )
        if result is not Acceptance.INCIDENT:
            self.summary.found += 1
            self.summary.accepted.append((job.booking_num, job.sort_key))
        self.summary.incidents += result is Acceptance.INCIDENT or bool(match.reason)

    def _on_ambiguous(self, job: SmsJob, match: Match, looked_at_ms: int) -> None:
        """A person decides, unless every row that could be ours is another job's for certain."""
        if match.reason != CANNOT_TELL:
            self._hold(job, match.reason)
        elif self._twin_is_sending(job, or_in_doubt=True):
            self._wait(job)
        elif (claim := claim_row(self._services, job, match.rows)).row is None:
            self._on_none_left(job, looked_at_ms, is_open=claim.is_open)
        else:
            self._hold(job, match.reason)

    def _on_none_left(self, job: SmsJob, looked_at_ms: int, *, is_open: bool) -> None:
        """Absent, unless a twin in doubt may hold a claim that is not its own."""
        if not is_open:
            self._on_absent(job, looked_at_ms)
        elif not self._resend_near_visit(job):
            self._wait(job)

    def _on_absent(self, job: SmsJob, looked_at_ms: int) -> None:
        """Not listed: count the look, and settle once absence proves something.

        That is when SENS refused the attempt already, and its list had caught up, at the look.
        """
        looks = job.looks + 1
        is_settled = looked_at_ms >= job.t0 + self._policy.settle_s * 1000
        if not is_settled or looks < self._policy.looks:
            if self._resend_near_visit(job):
                return
            if job.looks < self._policy.looks:
                self._services.jobs.amend(job, looks=looks)
            self._wait(job)
            return
        now = self._services.clock.now()
        if job.not_after < now:
            moved = self._services.jobs.move(
                job, Move.EXPIRE, now=now, reason="absent_past_not_after"
            )
            self._count("expired", moved)
        else:
            self._release(job)

    def _release(self, job: SmsJob) -> None:
        """Provably not sent: send it again, unless its booking no longer wants it."""
        retryable = self._settle_absent(job, "absent", "absent")
        if retryable is None:
            self.summary.lost_races += 1
        elif not job.no_resend:
            self.summary.resent += 1
        else:
            # A crash before this line leaves a retryable job that dispatch cancels itself.
            moved = self._services.jobs.move(retryable, Move.CANCEL, reason="no_resend")
            self._count("cancelled", moved)

    def _resend_near_visit(self, job: SmsJob) -> bool:
        """The owner's doubt policy: once, near the visit, a possible duplicate is accepted.

        A customer at a locked door is worse than one who gets the door code twice.
        """
        minutes, now = job.doubt_resend_minutes, self._services.clock.now()
        if minutes is None or job.visit_at is None or job.no_resend or now > job.not_after:
            return False
        if now < job.visit_at - timedelta(minutes=minutes):
            return False
        if any(attempt.outcome == RESENT_IN_DOUBT for attempt in job.attempts):
            return False
        moved = self._settle_absent(job, "possible_duplicate", RESENT_IN_DOUBT)
        self._count("possible_duplicates", moved)
        return True

    def _settle_absent(self, job: SmsJob, reason: str, outcome: str) -> SmsJob | None:
        attempts = job.with_attempt(outcome).attempts
        return self._services.jobs.move(
            job, Move.SETTLE_ABSENT, reason=reason, looks=0, attempts=attempts
        )

    def _twin_is_sending(self, job: SmsJob, *, or_in_doubt: bool = False) -> bool:
        """Whether the rows may belong to an identical SMS that has not claimed its own yet.

        Read after the list: who is not sending by now has claimed what is his. With
        ``or_in_doubt``, an older doubt goes first too.
        """
        if job.message_type != MessageType.SMS:
            return False
        neighbours = self._services.jobs.open_jobs(job.open_shard, self._services.clock.now())
        twins = [
            other
            for other in neighbours
            if other.job_id != job.job_id and (other.to, other.body_sha) == (job.to, job.body_sha)
        ]
        return any(
            other.state is JobState.SENDING
            or (or_in_doubt and other.state is JobState.OUTCOME_UNKNOWN and other.t0 < job.t0)
            for other in twins
        )

    def _hold(self, job: SmsJob, reason: str) -> None:
        self._count("held", self._services.jobs.move(job, Move.HOLD, reason=reason))

    # -- counts -------------------------------------------------------------------------------

    def _wait(self, job: SmsJob) -> None:
        self.summary.waiting += 1
        age_s = (self._now_ms() - job.t0) // 1000
        self.summary.oldest_doubt_s = max(self.summary.oldest_doubt_s, age_s)

    def _count(self, name: str, moved: SmsJob | None) -> None:
        counted = name if moved is not None else "lost_races"
        setattr(self.summary, counted, getattr(self.summary, counted) + 1)

    def _now_ms(self) -> int:
        return self._services.transport_clock.now_ms()
