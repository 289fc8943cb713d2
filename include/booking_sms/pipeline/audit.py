"""The two-way proof of a day: each row of SENS's list has one job, each accepted job one row.

Days are SENS's own, in Korean time on the transport clock. What is younger than the settle time
and does not agree yet waits: list and outcome may still be on their way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from booking_sms.domain.booking import KST
from booking_sms.domain.message import MessageType
from booking_sms.domain.phone import mask_phone
from booking_sms.domain.sms_job import IN_DOUBT, SENT, UNSENT, SmsJob
from booking_sms.pipeline.open_jobs import instant_of
from booking_sms.pipeline.operator import is_text_of, names_job
from booking_sms.pipeline.services import DispatchServices, ReconcilePolicy
from booking_sms.ports import GatewayMessage, UnreadableItem

ROW_WITHOUT_JOB, JOB_WITHOUT_ROW = "row_without_job", "job_without_row"
TWO_JOBS_ONE_ROW, TWO_ROWS_ONE_JOB = "two_jobs_one_row", "two_rows_one_job"
NOTE = "audit"
"""Control note of the last audit, for alarms; each day's own is ``audit#DAY``."""

_AROUND = timedelta(hours=1)  # a row may be dated on the other side of midnight than its t0


@dataclass(frozen=True, kw_only=True)
class Residue:
    """One disagreement. Ids and a masked number: a person looks both sides up by them."""

    kind: str
    request_id: str = ""
    job_id: str = ""
    booking_num: str = ""
    state: str = ""
    to: str = ""
    at: str = ""


@dataclass(kw_only=True)
class AuditReport:
    """What a day's audit found. ``seen`` jobs were settled by a person who named no request.

    ``waiting`` rows and jobs are too young, or a doubt of the same recipient is still open.
    """

    day: str
    rows: int = 0
    accepted: int = 0
    matched: int = 0
    seen: int = 0
    waiting: int = 0
    indexed_again: list[str] = field(default_factory=list)
    unreadable: list[UnreadableItem] = field(default_factory=list)
    residue: list[Residue] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether list and jobs agree and every item could be read."""
        return not self.residue and not self.unreadable

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {**asdict(self), "is_clean": self.is_clean}

    def counts(self) -> dict[str, Any]:
        """Numbers only, for notes and XCom."""
        lists = ("indexed_again", "unreadable", "residue")
        sizes = {name: len(getattr(self, name)) for name in lists}
        return {**self.as_dict(), **sizes}


def audit_day(services: DispatchServices, policy: ReconcilePolicy, day: date) -> AuditReport:
    """Compare a day's list with the outbox, heal the index, and keep the counts as a note.

    Raises GatewayListUnavailable or LoadError: half a proof is none.
    """
    audit = _Audit(services, policy, day)
    audit.read()
    audit.judge()
    note = {**audit.report.counts(), "at_ms": services.transport_clock.now_ms()}
    for name in (NOTE, f"{NOTE}#{day.isoformat()}"):
        services.control.put_note(name, note)
    return audit.report


def yesterday(services: DispatchServices) -> date:
    """The last whole day of the transport clock, in Korea."""
    today = instant_of(services.transport_clock.now_ms()).astimezone(KST).date()
    return today - timedelta(days=1)


class _Audit:
    """One audit of one day."""

    def __init__(self, services: DispatchServices, policy: ReconcilePolicy, day: date) -> None:
        self._services = services
        self._margin = _AROUND + timedelta(seconds=policy.zone_margin_s)
        self._start = datetime.combine(day, time.min, tzinfo=KST)
        self._end = self._start + timedelta(days=1)
        now = instant_of(services.transport_clock.now_ms())
        self._judged_until = min(self._end, now - timedelta(seconds=policy.settle_s))
        self._rows: dict[str, list[GatewayMessage]] = defaultdict(list)
        self._owners: dict[str, list[SmsJob]] = defaultdict(list)
        self._jobs: list[SmsJob] = []
        self.report = AuditReport(day=day.isoformat())

    def read(self) -> None:
        """Read the outbox, then the list: what is accepted in between is too young to judge."""
        jobs = list(self._texts())
        rows = self._services.gateway.list_between(
            self._start - self._margin, self._end + self._margin
        )
        for row in rows:
            self._rows[row.request_id].append(row)
        people = {row.to for row in rows}
        self._jobs = [job for job in jobs if job.to in people or self._is_of_day(_accepted_at(job))]
        for job in self._jobs:
            if job.state in SENT and job.request_id:
                self._owners[job.request_id].append(job)

    def judge(self) -> None:
        """Both directions."""
        for request_id, rows in self._rows.items():
            self._judge_rows(request_id, [r for r in rows if self._is_of_day(r.requested_at)])
        for job in self._jobs:
            if job.state in SENT and self._is_of_day(_accepted_at(job)):
                self._judge_job(job)

    # -- reading ------------------------------------------------------------------------------

    def _texts(self) -> Iterator[SmsJob]:
        """Every text of the outbox; the index is healed and what is no job is named on the way."""
        for item in self._services.jobs.everything():
            if isinstance(item, UnreadableItem):
                self.report.unreadable.append(item)
                continue
            if not item.is_indexed and self._services.jobs.index_again(item.job):
                self.report.indexed_again.append(item.job.job_id)
            if item.job.is_text:
                yield item.job

    def _is_of_day(self, instant: datetime) -> bool:
        return self._start <= instant < self._end

    # -- verdicts -----------------------------------------------------------------------------

    def _judge_rows(self, request_id: str, rows: list[GatewayMessage]) -> None:
        """One request of the day: one row, one job."""
        if not rows:
            return
        self.report.rows += len(rows)
        owners = self._owners[request_id]
        if len(owners) == len(rows) == 1:
            self.report.matched += 1
        elif rows[0].requested_at > self._judged_until:
            self.report.waiting += 1
        elif len(owners) > 1:
            for job in owners:
                self._add(TWO_JOBS_ONE_ROW, rows[0], job)
        elif len(rows) > 1:
            self._add(TWO_ROWS_ONE_JOB, rows[1], *owners)
        else:
            self._judge_ownerless(rows[0])

    def _judge_ownerless(self, row: GatewayMessage) -> None:
        """No job has this request: a doubt still open, a second text of a job, or nobody's.

        A job that was not sent, as far as we know, is named too if the row is its text.
        """
        same = [job for job in self._jobs if job.to == row.to]
        named = [job for job in same if names_job(row, job)]
        if any(_is_seen(job) for job in named) or self._is_seen_sms(row, same):
            self.report.matched += 1
        elif any(job.state in IN_DOUBT for job in (named or same)):
            self.report.waiting += 1
        elif any(job.state in SENT for job in named):
            self._add(TWO_ROWS_ONE_JOB, row, *named[:1])
        else:
            unsent = [job for job in same if job.state in UNSENT and is_text_of(row, job)]
            self._add(ROW_WITHOUT_JOB, row, *(named or unsent)[:1])

    def _is_seen_sms(self, row: GatewayMessage, same: Iterable[SmsJob]) -> bool:
        """An SMS has no reference: one that a person saw that day is taken for this row."""
        return not row.subject and any(
            _is_seen(job)
            and job.message_type == MessageType.SMS
            and self._is_of_day(_accepted_at(job))
            for job in same
        )

    def _judge_job(self, job: SmsJob) -> None:
        """One accepted job of the day: its request is listed, for its recipient."""
        self.report.accepted += 1
        if _is_seen(job):
            self.report.seen += 1
        elif any(row.to == job.to for row in self._listed(job)):
            return
        elif _accepted_at(job) > self._judged_until:
            self.report.waiting += 1
        else:
            self._add(JOB_WITHOUT_ROW, None, job)

    def _listed(self, job: SmsJob) -> Iterable[GatewayMessage]:
        """Its rows, asked for by request when the day's list has none (an earlier attempt's)."""
        return self._rows.get(job.request_id) or self._services.gateway.by_request(job.request_id)

    def _add(self, kind: str, row: GatewayMessage | None, job: SmsJob | None = None) -> None:
        at = row.requested_at if row else _accepted_at(job) if job else self._start
        to = row.to if row else job.to if job else ""
        request_id = row.request_id if row else job.request_id if job else ""
        self.report.residue.append(
            Residue(
                kind=kind,
                request_id=request_id,
                job_id=job.job_id if job else "",
                booking_num=job.booking_num if job else "",
                state=job.state.value if job else "",
                to=mask_phone(to),
                at=at.astimezone(KST).isoformat(timespec="seconds"),
            )
        )


def _is_seen(job: SmsJob) -> bool:
    """Settled as sent by a person who saw the text and named no request."""
    return job.state in SENT and not job.request_id


def _accepted_at(job: SmsJob) -> datetime:
    """The instant of the last attempt, on the transport clock."""
    return instant_of(job.t0)
