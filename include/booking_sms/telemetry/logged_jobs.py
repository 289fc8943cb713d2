"""An outbox that tells of every change: who moves a job need not remember to log it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from booking_sms.domain.phone import mask_phone
from booking_sms.domain.sms_job import Move, SmsJob
from booking_sms.ports import (
    SmsJobRepository,
    StoredJob,
    UnreadableItem,
)
from booking_sms.telemetry.log_events import ERROR, INFO, WARNING, log_event

STATUS_OF_SEND: Mapping[Move, str] = {
    Move.INTENT: "attempt",
    Move.ACCEPT: "success",
    Move.NOT_SENT: "retry",
    Move.REFUSE: "failure",
    Move.DOUBT: "unknown",
}
"""Moves by which an attempt to send begins or ends, in the words of the predecessor's logs."""
_LEVELS = {"failure": ERROR, "unknown": WARNING}


class LoggedJobs(SmsJobRepository):
    """``ports.SmsJobRepository`` that writes an event for every job stored and every move won."""

    def __init__(self, jobs: SmsJobRepository) -> None:
        self._jobs = jobs

    def insert_if_absent(self, job: SmsJob) -> bool:
        """As the port says; a job that is there already is told of again."""
        stored = self._jobs.insert_if_absent(job)
        log_event("job_stored", status="stored" if stored else "exists", **_about(job))
        return stored

    def get(self, booking_num: str, sort_key: str) -> SmsJob | None:
        """As the port says."""
        return self._jobs.get(booking_num, sort_key)

    def of_booking(self, booking_num: str) -> tuple[SmsJob, ...]:
        """As the port says."""
        return self._jobs.of_booking(booking_num)

    def open_jobs(self, shard: int, due_until: datetime) -> tuple[SmsJob, ...]:
        """As the port says."""
        return self._jobs.open_jobs(shard, due_until)

    def move(self, job: SmsJob, move: Move, **changes: Any) -> SmsJob | None:
        """As the port says; a lost race is no change and is not told of."""
        moved = self._jobs.move(job, move, **changes)
        if moved is not None:
            _tell(moved, move)
        return moved

    def amend(self, job: SmsJob, **changes: Any) -> SmsJob | None:
        """As the port says."""
        return self._jobs.amend(job, **changes)

    def everything(self) -> Iterable[StoredJob | UnreadableItem]:
        """As the port says."""
        return self._jobs.everything()

    def index_again(self, job: SmsJob) -> bool:
        """As the port says."""
        return self._jobs.index_again(job)

    def count_by_reason(self) -> Mapping[tuple[str, str, str], int]:
        """As the port says."""
        return self._jobs.count_by_reason()

    def count_by_state(self, window: str | None = None) -> Mapping[tuple[str, str, str], int]:
        """As the port says."""
        return self._jobs.count_by_state(window)


def _tell(job: SmsJob, move: Move) -> None:
    status = STATUS_OF_SEND.get(move)
    if status is None:
        log_event("job_moved", move=move.value, status=job.state.value, **_about(job))
    elif job.is_text:
        level = _LEVELS.get(status, INFO)
        phone = mask_phone(job.to)
        log_event("text_sent", level=level, status=status, phone_masked=phone, **_about(job))
    else:
        log_event("notice_sent", status=status, channel=job.channel, **_about(job))


def _about(job: SmsJob) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "booking_id": job.booking_num,
        "store_id": job.store_id,
        "rule_name": job.rule,
        "template_type": job.kind,
        "kind": job.kind,
        "window": job.window,
        "attempt": job.attempt,
        "reason": job.reason or None,
    }
