"""What people read after a run: masked, and silent when nothing happened.

Lines are built by ``pipeline.summary``, the one builder; this is its live rendering (store alias
and last four digits instead of the phone). The full rendering exists for ``plan`` and parity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from booking_sms.domain.sms_job import SENT, JobState, SmsJob
from booking_sms.domain.store import StoreDirectory
from booking_sms.domain.window import CoverageStatus, StoreCoverage, Window
from booking_sms.pipeline.accounting import AccountingIdentity, accounting, count_jobs
from booking_sms.pipeline.parallel import in_parallel
from booking_sms.pipeline.summary import WORD_OF_KIND, SummaryLine, summary_text
from booking_sms.ports import SmsJobRepository

JobKey = tuple[str, str]
WORD_OF_STATE = {
    JobState.HELD: "보류",
    JobState.SUPPRESSED: "발송 제외",
    JobState.CANCELLED: "취소",
    JobState.EXPIRED: "기한 만료",
    JobState.REJECTED: "발송 거절",
    JobState.UNDELIVERED: "전달 실패",
}
"""States that a window's report tells of, in the owner's words."""

STORE_FAILED, STORE_PARTIAL = "예약 조회 실패", "예약 일부 제외"
STORE_NOT_DECIDED = "예약은 읽었으나 처리하지 못함"
NOT_DECIDED = "NotDecided"
"""Reason of a failed window whose store was read: planning or loading failed."""


class PlannedBatch(Protocol):
    """The jobs of one window as they were planned, each with its text."""

    @property
    def jobs(self) -> Sequence[tuple[SmsJob, str]]:
        """Jobs and texts."""
        ...


def window_accounting(
    batch: PlannedBatch, jobs: SmsJobRepository, overtaken: Iterable[JobKey] = ()
) -> AccountingIdentity:
    """Prove from the outbox that everything planned in a window has one outcome.

    ``overtaken`` names, by key, what was planned and not loaded. Raises AccountingBroken when any
    other planned job is not there, LoadError when it cannot be read.
    """
    left_out = set(overtaken)
    planned = [job for job, _ in batch.jobs if (job.booking_num, job.sort_key) not in left_out]
    stored = read_jobs(jobs, {(job.booking_num, job.sort_key) for job in planned})
    distinct = {(job.booking_num, job.sort_key): job for job in planned}
    wanted = Counter((job.store_id, job.rule) for job in distinct.values())
    identity = accounting(_counts_by_planned_rule(stored, distinct), wanted)
    number = len({(job.booking_num, job.sort_key) for job, _ in batch.jobs} & left_out)
    return replace(identity, planned=identity.planned + number, overtaken=number)


def dispatch_text(
    jobs: SmsJobRepository, stores: StoreDirectory, keys: Iterable[JobKey]
) -> str | None:
    """Lines of what was sent in a run, by the keys of its jobs; None when nothing was."""
    sent = [job for job in read_jobs(jobs, keys) if job.is_text and job.state in SENT]
    return summary_lines(sent, stores) or None


def window_text(
    window: Window,
    coverage: Iterable[StoreCoverage],
    jobs: Iterable[SmsJob],
    stores: StoreDirectory,
) -> str | None:
    """What a window did not do: stores that failed, messages held or skipped; None if none."""
    lines = [_coverage_line(row, stores) for row in coverage]
    lines += [_unsent_line(job, stores) for job in jobs if job.state in WORD_OF_STATE]
    told = [line for line in lines if line]
    return "\n".join([f"{window.as_of:%m-%d %H:%M} 회차", *told]) if told else None


def is_unread(row: StoreCoverage) -> bool:
    """Whether the store itself could not be read in that window."""
    return row.status is CoverageStatus.FAILED and row.reason != NOT_DECIDED


def summary_lines(jobs: Iterable[SmsJob], stores: StoreDirectory) -> str:
    """LEGACY's lines in their live form; empty when there is nothing to tell."""
    return "\n".join(_line(job, stores) for job in jobs)


def read_jobs(jobs: SmsJobRepository, keys: Iterable[JobKey]) -> list[SmsJob]:
    """Read jobs by key, in order; those that do not exist are left out."""
    found = in_parallel(lambda key: jobs.get(*key), list(keys))
    return [job for job in found if job is not None]


def masked(alias: str) -> Callable[[str], str]:
    """How a phone is shown in a store's lines: the alias and the last four digits."""
    return lambda phone: f"{alias} {last_four(phone)}"


def last_four(phone: str) -> str:
    """Last four digits; nothing of a number that is not one."""
    digits = "".join(character for character in phone if character.isdigit())
    return digits[-4:] if len(digits) >= 8 else "----"


def alias_of(store_id: str, stores: StoreDirectory) -> str:
    """The store's alias, or its id if no file describes it."""
    store = stores.stores.get(store_id)
    return store.alias if store else store_id


def _line(job: SmsJob, stores: StoreDirectory) -> str:
    line = SummaryLine(job.to, job.kind, done=job.state in SENT)
    return summary_text([line], masked(alias_of(job.store_id, stores)))


def _unsent_line(job: SmsJob, stores: StoreDirectory) -> str:
    became = f"{WORD_OF_STATE[job.state]}: {job.reason or '사유 없음'}"
    if not job.is_text:
        return f"{job.rule} 알림({job.channel}) {became}"
    who = masked(alias_of(job.store_id, stores))(job.to)
    return f"{who} {WORD_OF_KIND.get(job.kind, job.kind)} 문자 {became}"


def _coverage_line(row: StoreCoverage, stores: StoreDirectory) -> str:
    alias = alias_of(row.store_id, stores)
    if row.reason == NOT_DECIDED:
        return f"{alias} {STORE_NOT_DECIDED}"
    if row.status is CoverageStatus.FAILED:
        return f"{alias} {STORE_FAILED}: {row.reason or '사유 없음'}"
    if row.status is CoverageStatus.PARTIAL:
        return f"{alias} {STORE_PARTIAL}: {row.quarantined}건"
    return ""


def _counts_by_planned_rule(
    stored: Iterable[SmsJob], planned: dict[JobKey, SmsJob]
) -> Counter[tuple[str, str, str]]:
    """States as they are stored, under the rule that planned them now.

    Two rules of one kind share a job: the first to plan it wrote its own name on it.
    """
    renamed = (job.evolve(rule=planned[(job.booking_num, job.sort_key)].rule) for job in stored)
    return count_jobs(renamed)


__all__ = [
    "AccountingIdentity",
    "dispatch_text",
    "summary_lines",
    "window_accounting",
    "window_text",
]
