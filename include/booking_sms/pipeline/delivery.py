"""Asks SENS for the carriers' final words on accepted texts, less and less often with age."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from booking_sms.domain.booking import KST
from booking_sms.domain.errors import GatewayListUnavailable, StoreThrottled, StoreUnavailable
from booking_sms.domain.retention import is_blank
from booking_sms.domain.sms_job import JobState, Move, SmsJob
from booking_sms.pipeline.open_jobs import instant_of, open_jobs_by_shard
from booking_sms.pipeline.services import DispatchServices, ReconcilePolicy
from booking_sms.ports import GatewayMessage

DUPLICATE_CODE = "E915"
"""SENS calls it a duplicate: on a resend, the first text arrived."""

LIST_LAG_NOTE = "list_lag"
LISTED_COUNTER, LATE_COUNTER = "list_lag#looked", "list_lag#late"
_POLL_EVERY_S = ((1_800, 0), (6 * 3_600, 1_800), (86_400, 3 * 3_600))
"""(age up to, seconds between polls); older texts are asked for once a day."""


@dataclass(kw_only=True)
class DeliverySummary:
    """Counts of one poll. ``unlisted`` texts were accepted and are not in the list (yet).

    ``late`` of them are older than half the settle margin: the list lags more than we plan for.
    """

    polled: int = 0
    delivered: int = 0
    undelivered: int = 0
    pending: int = 0
    unlisted: int = 0
    late: int = 0
    max_unlisted_age_s: int = 0
    unreported: int = 0
    flags_repaired: int = 0
    list_unavailable: int = 0
    lost_races: int = 0
    store_failed: int = 0

    def as_dict(self) -> dict[str, Any]:
        """JSON-able counts."""
        return asdict(self)


def poll_delivery_reports(services: DispatchServices, policy: ReconcilePolicy) -> DeliverySummary:
    """Poll what is due for it; stops asking when the list is down.

    ``unreported`` counts texts older than ``poll_for_s`` without a final word: they stay
    accepted and alarm by age. Raises LoadError only if a shard cannot be listed.
    """
    poll = _Poll(services, policy)
    for shard_jobs in open_jobs_by_shard(services):
        for job in shard_jobs:
            if job.state is not JobState.ACCEPTED or is_blank(job):
                continue  # whoever is blank was never reported, and nobody is left to ask about
            if not job.is_text:
                services.jobs.move(job, Move.DELIVER)  # its sender ended between the two writes
            elif not job.request_id:
                poll.end_seen(job)
            elif not poll.is_list_down:
                poll.look_at(job)
    poll.record_lag()
    return poll.summary


def is_poll_due(age_s: float, tick_s: float) -> bool:
    """Whether a text of this age is asked for now: a boundary of its interval has passed.

    Without stored state, so a poll costs no write; a skipped run only waits for the next.
    """
    every = next((every for limit, every in _POLL_EVERY_S if age_s < limit), 86_400)
    return every == 0 or age_s // every > (age_s - tick_s) // every


class _Poll:
    """One poll over all shards."""

    def __init__(self, services: DispatchServices, policy: ReconcilePolicy) -> None:
        self._services = services
        self._policy = policy
        self._failures = 0
        self._old_enough = 0
        self.summary = DeliverySummary()

    @property
    def is_list_down(self) -> bool:
        """Whether the list failed so often that asking on is useless."""
        return self._failures >= self._policy.list_failures_before_stop

    def look_at(self, job: SmsJob) -> None:
        """Poll one accepted job if its turn has come."""
        age_s = (self._services.transport_clock.now_ms() - job.t0) / 1000
        self.summary.unreported += age_s > self._policy.poll_for_s
        if not is_poll_due(age_s, self._policy.poll_tick_s):
            return
        self.summary.polled += 1
        try:
            rows = self._services.gateway.by_request(job.request_id)
            self._judge(job, [row for row in rows if row.to == job.to], age_s)
            self._failures = 0
        except GatewayListUnavailable:
            self._failures += 1
            self.summary.list_unavailable += 1
        except (StoreThrottled, StoreUnavailable):
            self.summary.store_failed += 1

    def end_seen(self, job: SmsJob) -> None:
        """A person saw this text and named no request: there is nothing to ask SENS for."""
        try:
            self._repair_flag(job)
            self._services.jobs.move(job, Move.DELIVER)
        except (StoreThrottled, StoreUnavailable):
            self.summary.store_failed += 1

    def record_lag(self) -> None:
        """Keep how many accepted texts were late in the list: p99 is judged over a day."""
        if not self._old_enough:
            return
        now_ms = self._services.transport_clock.now_ms()
        day = instant_of(now_ms).astimezone(KST).date()
        control = self._services.control
        looked = control.add_to_counter(LISTED_COUNTER, day, self._old_enough)
        late = self.summary.late
        late = control.add_to_counter(LATE_COUNTER, day, late) if late else 0
        if late:
            note = {"day": day.isoformat(), "looked": looked, "late": late, "at_ms": now_ms}
            exceeded = late * 100 > looked
            control.put_note(LIST_LAG_NOTE, note | {"p99_exceeds_half_margin": exceeded})

    # -- one job ------------------------------------------------------------------------------

    def _judge(self, job: SmsJob, rows: Sequence[GatewayMessage], age_s: float) -> None:
        self._note_lag(bool(rows), age_s)
        final = next((row for row in rows if row.state in ("delivered", "undelivered")), None)
        if final is None:
            self.summary.pending += bool(rows)
            return
        self._repair_flag(job)  # before the end: afterwards nobody looks at this job again
        if final.state == "delivered" or self._first_arrived(job, final):
            reason = "" if final.state == "delivered" else "duplicate_of_earlier_attempt"
            self._finish(job, Move.DELIVER, final, reason)
        else:
            self._finish(job, Move.FAIL_DELIVERY, final, final.code)

    def _first_arrived(self, job: SmsJob, row: GatewayMessage) -> bool:
        return row.code == DUPLICATE_CODE and job.attempt > 1

    def _finish(self, job: SmsJob, move: Move, row: GatewayMessage, reason: str) -> None:
        moved = self._services.jobs.move(job, move, reason=reason, message_id=row.message_id)
        if moved is None:
            self.summary.lost_races += 1
        elif move is Move.DELIVER:
            self.summary.delivered += 1
        else:
            self.summary.undelivered += 1

    def _repair_flag(self, job: SmsJob) -> None:
        """Set the ledger flag that a crash or a failing table left out."""
        entry = job.ledger
        if not entry.flag or not entry.phone:
            return
        rows = self._services.ledger.rows([job.booking_num])
        if not any(row.phone == entry.phone and row.flag(entry.flag) for row in rows):
            self._services.ledger.mark_accepted(job)
            self.summary.flags_repaired += 1

    def _note_lag(self, is_listed: bool, age_s: float) -> None:
        is_old_enough = age_s >= self._policy.lag_alarm_s
        self._old_enough += is_old_enough
        if not is_listed:
            self.summary.unlisted += 1
            self.summary.late += is_old_enough
            self.summary.max_unlisted_age_s = max(self.summary.max_unlisted_age_s, int(age_s))
