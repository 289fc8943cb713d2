"""The visit guard: nobody stands at a locked door without somebody having been paged.

It judges what customers have, not what we planned: bookings are read live, and each confirmed
visit that starts soon must have its guide. It sends no text and moves no job; all it writes is
one note, by which a problem is told once and its end is told too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from booking_sms.domain.booking import KST, Booking, BookingStatus
from booking_sms.domain.errors import ExtractError, SessionNeedsPerson
from booking_sms.domain.job_change import start_occurrence
from booking_sms.domain.ledger import FLAG_OF_KIND
from booking_sms.domain.phone import ledger_phone, recipient_of
from booking_sms.domain.sms_job import OPEN_SHARDS, START_MARK, JobState, SmsJob
from booking_sms.domain.store import StoreDirectory
from booking_sms.pipeline.parallel import in_parallel
from booking_sms.pipeline.report import alias_of, last_four
from booking_sms.ports import Clock, ControlRepository, LegacyLedger, SmsJobRepository

GUIDE = "guide"
SOON = timedelta(minutes=60)
"""A visit that starts within this must have its guide."""
LOOK_AHEAD = timedelta(hours=24)
"""A guide that failed for a visit within this is paged at once."""
NOTE = "visit_guard"

ARRIVES = frozenset({JobState.ACCEPTED, JobState.DELIVERED})
AT_ONCE = (JobState.UNDELIVERED, JobState.HELD, JobState.REJECTED)
ON_ITS_WAY = frozenset({
    JobState.SCHEDULED,
    JobState.AVAILABLE,
    JobState.RETRYABLE,
    JobState.SENDING,
})
NO_GUIDE, NOT_SENT, IN_DOUBT, BLIND = "no_guide", "not_sent", "in_doubt", "blind"
WORDS = {
    NO_GUIDE: "안내 문자가 없습니다",
    NOT_SENT: "안내 문자가 아직 나가지 않았습니다",
    IN_DOUBT: "안내 문자가 나갔는지 알 수 없습니다",
    BLIND: "네이버 예약을 읽을 수 없어, 이미 아는 문자만 지켜봅니다",
    JobState.UNDELIVERED: "안내 문자가 전달되지 않았습니다",
    JobState.HELD: "안내 문자가 보류 중입니다",
    JobState.REJECTED: "안내 문자가 거절됐습니다",
    JobState.CANCELLED: "안내 문자가 취소됐습니다",
    JobState.SUPERSEDED: "안내 문자가 대체됐습니다",
    JobState.SUPPRESSED: "안내 문자가 발송에서 제외됐습니다",
    JobState.EXPIRED: "안내 문자의 기한이 지났습니다",
}


@dataclass(frozen=True, kw_only=True)
class GuardServices:
    """What the guard needs.

    ``read_store`` gives a store's bookings as they are now, or raises ExtractError. ``page``
    tells somebody and says whether anybody was reached.
    """

    jobs: SmsJobRepository
    ledger: LegacyLedger
    control: ControlRepository
    clock: Clock
    stores: StoreDirectory
    read_store: Callable[[str], Iterable[Booking]]
    page: Callable[[str], bool]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong with one visit, or with the sight of one store. ``label`` is masked.

    ``until`` is when it stops to matter (ISO), empty for a store.
    """

    problem: str
    label: str
    store_id: str
    until: str = ""

    def line(self) -> str:
        """One line for people."""
        return f"- {self.label}: {WORDS[self.problem]}"


@dataclass(kw_only=True)
class GuardReport:
    """What one round saw. ``open`` is every problem there is now, by booking or store.

    ``unseen`` are visits known to be at risk whose store is out of sight: nothing says that they
    are not any more.
    """

    at: str
    visits: int = 0
    open: dict[str, Problem] = field(default_factory=dict)
    paged: list[str] = field(default_factory=list)
    recovered: list[str] = field(default_factory=list)
    blind: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    reached: bool = True

    @property
    def at_risk(self) -> int:
        """Visits that are, or were when last seen, without what they need."""
        seen = {key for key, problem in self.open.items() if problem.problem != BLIND}
        return len(seen | set(self.unseen))

    @property
    def is_quiet(self) -> bool:
        """Whether every visit that was due for it has its guide, and every store was seen."""
        return not self.open

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


def guard_visits(services: GuardServices) -> GuardReport:
    """One round: look, page what is new, tell what is over, keep a note.

    A page that reaches nobody is tried again by the next round. Raises LoadError when the
    outbox cannot be read: then the guard itself is blind.
    """
    current = _Round(services)
    current.look()
    current.tell()
    return current.report


class _Round:
    """One round over all stores."""

    def __init__(self, services: GuardServices) -> None:
        self._services = services
        self._now = services.clock.now()
        note = services.control.get_note(NOTE) or {}
        self._known = {key: Problem(**facts) for key, facts in note.get("open", {}).items()}
        self.report = GuardReport(at=self._now.astimezone(KST).isoformat(timespec="seconds"))

    def look(self) -> None:
        """Judge every visit ahead, store by store."""
        is_locked_out = False
        for store_id in self._services.stores.stores:
            try:
                bookings = () if is_locked_out else self._services.read_store(store_id)
            except SessionNeedsPerson:
                is_locked_out = True  # the next store would only knock at the same door
            except ExtractError:
                self._lose_sight(store_id)
                continue
            if is_locked_out:
                self._lose_sight(store_id)
            else:
                self._judge_bookings(bookings)
        if self.report.blind:
            self._judge_known_jobs()

    def tell(self) -> None:
        """Page what is new and say what is over; then remember what was told."""
        found = self.report.open
        new = {key: p for key, p in found.items() if not self._is_told(key, p)}
        over = {key: p for key, p in self._known.items() if self._is_over(key, p)}
        if new or over:
            self.report.reached = self._services.page(_text(new.values(), over.values()))
        if self.report.reached:
            self.report.paged, self.report.recovered = sorted(new), sorted(over)
        self._remember(new, over)

    # -- looking ------------------------------------------------------------------------------

    def _lose_sight(self, store_id: str) -> None:
        self.report.blind.append(store_id)
        label = alias_of(store_id, self._services.stores)
        self.report.open[f"{BLIND}#{store_id}"] = Problem(
            problem=BLIND, label=label, store_id=store_id
        )

    def _judge_bookings(self, bookings: Iterable[Booking]) -> None:
        visits = [
            booking
            for booking in bookings
            if booking.status is BookingStatus.CONFIRMED and self._is_ahead(booking.starts_at)
        ]
        stories = in_parallel(lambda b: self._services.jobs.of_booking(b.booking_num), visits)
        self.report.visits += len(visits)
        for booking, jobs in zip(visits, stories, strict=True):
            problem = self._problem_of(booking, [job for job in jobs if _guides(job, booking)])
            self._note(
                booking.booking_num, booking.store_id, booking.starts_at, booking.phone, problem
            )

    def _judge_known_jobs(self) -> None:
        """Naver is silent: the open guides of those stores are all that is known."""
        until = self._now + LOOK_AHEAD
        for shard in range(OPEN_SHARDS):
            for job in self._services.jobs.open_jobs(shard, until):
                visit = job.visit_at
                if job.kind != GUIDE or job.store_id not in self.report.blind or visit is None:
                    continue
                if self._is_ahead(visit):
                    problem = judge([job], is_soon=visit - self._now <= SOON)
                    self._note(job.booking_num, job.store_id, visit, job.to, problem)

    def _problem_of(self, booking: Booking, guides: list[SmsJob]) -> str:
        current = [job for job in guides if not _is_for_another_start(job, booking)]
        problem = judge(current, is_soon=booking.starts_at - self._now <= SOON)
        # Where a guide of ours went out, the flag is its own and tells nothing of this start.
        return "" if problem == NO_GUIDE and not guides and self._has_flag(booking) else problem

    def _has_flag(self, booking: Booking) -> bool:
        """Whether LEGACY sent this guide: it has no job of ours."""
        rows = self._services.ledger.rows([booking.booking_num])
        phone = ledger_phone(booking.phone)
        return any(row.flag(FLAG_OF_KIND[GUIDE]) and row.phone == phone for row in rows)

    def _note(
        self, booking_num: str, store_id: str, starts_at: datetime, phone: str, problem: str
    ) -> None:
        if not problem:
            return
        alias = alias_of(store_id, self._services.stores)
        visit = starts_at.astimezone(KST)
        self.report.open[booking_num] = Problem(
            problem=problem,
            label=f"{alias} {visit:%m-%d %H:%M} {last_four(phone)}",
            store_id=store_id,
            until=visit.isoformat(),
        )

    def _is_ahead(self, starts_at: datetime) -> bool:
        return timedelta(0) <= starts_at - self._now <= LOOK_AHEAD

    # -- telling ------------------------------------------------------------------------------

    def _is_told(self, key: str, problem: Problem) -> bool:
        known = self._known.get(key)
        return known is not None and known.problem == problem.problem

    def _is_over(self, key: str, known: Problem) -> bool:
        """Gone while we looked, and before its visit began: that is good news."""
        if key in self.report.open or not self._can_see(known):
            return False
        return not known.until or datetime.fromisoformat(known.until) >= self._now

    def _can_see(self, known: Problem) -> bool:
        return known.problem == BLIND or known.store_id not in self.report.blind

    def _remember(self, new: Mapping[str, Problem], over: Mapping[str, Problem]) -> None:
        """What was told, also of stores out of sight, until its visit begins."""
        unseen = {
            key: p
            for key, p in self._known.items()
            if not self._can_see(p) and datetime.fromisoformat(p.until) >= self._now
        }
        self.report.unseen = sorted(unseen)
        told = {**unseen, **self.report.open}
        if not self.report.reached:
            old = {key: p for key, p in self._known.items() if key in self.report.open}
            told = {k: p for k, p in told.items() if k not in new} | old | dict(over)
        facts = {key: asdict(problem) for key, problem in told.items()}
        seen = {"at": self.report.at, "visits": self.report.visits, "blind": self.report.blind}
        self._services.control.put_note(NOTE, {**seen, "open": facts})


def judge(guides: Iterable[SmsJob], *, is_soon: bool) -> str:
    """What is wrong with a visit's guides; empty when one arrives, or when it is not time yet."""
    states = {job.state for job in guides}
    if states & ARRIVES:
        return ""
    failed = next((state for state in AT_ONCE if state in states), None)
    if failed is not None:
        return failed.value
    if not is_soon:
        return ""
    if JobState.OUTCOME_UNKNOWN in states:
        return IN_DOUBT
    if states & ON_ITS_WAY:
        return NOT_SENT
    return min(states).value if states else NO_GUIDE


def _guides(job: SmsJob, booking: Booking) -> bool:
    """Whether a job is the guide of the very person who comes."""
    is_same = recipient_of(job.to) == recipient_of(booking.phone)
    return job.is_text and job.kind == GUIDE and is_same


def _is_for_another_start(job: SmsJob, booking: Booking) -> bool:
    """Whether the guide was for a start from which the visit has moved away."""
    is_per_start = job.occurrence.startswith(START_MARK)
    return is_per_start and job.occurrence != start_occurrence(booking)


def _text(new: Iterable[Problem], over: Iterable[Problem]) -> str:
    problems = [problem.line() for problem in new]
    ended = [f"- {problem.label}" for problem in over]
    lines = ["방문 확인: 지금 조치가 필요합니다", *problems] if problems else []
    lines += ["방문 확인: 해결됐습니다", *ended] if ended else []
    return "\n".join(lines)
