"""Random histories: customers edit their bookings while windows run, crash, come late or never.

The steps are drawn, the pipeline is the real one. What must hold in the end is said here in
terms of bookings and of what customers got, never of jobs or of the planner's own notions.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from unittest.mock import patch

from changes_world import STORE, ChangingWorld
from rule_world import INCLUDE

from booking_sms import workflow
from booking_sms.config.catalog_loader import load_catalog
from booking_sms.domain.booking import Booking, BookingStatus
from booking_sms.domain.booking_document import booking_version
from booking_sms.domain.catalog import Catalog
from booking_sms.domain.errors import StoreUnavailable
from booking_sms.domain.message import MessageClass
from booking_sms.domain.sms_job import FINAL, SENT, JobState, Move
from booking_sms.domain.template import MessageCatalog, MessageTemplate
from booking_sms.domain.window import WINDOW_LENGTH, Window
from booking_sms.pipeline import parallel
from booking_sms.pipeline.job_batch import AWAITING_APPROVAL
from booking_sms.ports import GatewayMessage
from booking_sms.testing import GatewayFault, make_booking

PHONES = ("01000000001", "01000000002", "01000000003")
TEXT = "{{ booking.book_id }}|{{ booking.name }}|{{ booking.booking_time }}"
IN_TIME = timedelta(minutes=60)
"""Enough for a window, a doubt and its resend before the visit begins."""


class Crash(BaseException):
    """The process dies here; nothing of ours may catch it."""


class MortalJobs:
    """The outbox of a process that may die, or lose its store, at the n-th write."""

    def __init__(self, jobs: Any) -> None:
        self._jobs = jobs
        self.left: int | None = None
        self.is_after = False
        self.failure: BaseException = Crash()
        self.is_dead = False

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._jobs, name)
        if name not in ("insert_if_absent", "move", "amend"):
            return method
        return lambda *args, **kwargs: self._write(lambda: method(*args, **kwargs))

    def _write(self, act: Any) -> Any:
        if self.is_dead:
            raise Crash
        if self.left is None:
            return act()
        self.left -= 1
        if self.left >= 0:
            return act()
        if self.is_after:
            act()
        self.left, self.is_dead = None, isinstance(self.failure, Crash)
        raise self.failure

    def revive(self) -> None:
        self.left, self.is_dead = None, False


@dataclass(frozen=True)
class Text:
    """One text that a customer got, read back from its content."""

    kind: str
    booking_id: str
    name: str
    time: str
    to: str

    @classmethod
    def of(cls, row: GatewayMessage) -> Text:
        kind, booking_id, name, time = (row.content or "").split("|")
        return cls(kind, booking_id, name, time, row.to)

    @property
    def message(self) -> tuple[str, ...]:
        """What nobody may get twice: a guide once for each start, a confirmation once."""
        start = self.time if self.kind == "guide" else ""
        return (self.kind, self.booking_id, self.to, start)


@dataclass
class Seen:
    """A booking's states since it was made, and from which on the last full window knows it."""

    states: list[Booking] = field(default_factory=list)
    covered: int = 0

    @property
    def now(self) -> Booking:
        return self.states[-1]


@cache
def catalog() -> Catalog:
    """The recommended rules with texts that say what they were made of."""
    shipped = load_catalog(INCLUDE, "recommended")
    texts = {
        kind: MessageTemplate(name=kind, subject="안내", text=f"{kind}|{TEXT}")
        for kind in ("confirm", "guide")
    }
    rules = tuple(
        rule for rule in shipped.rules.rules if rule.message_class is MessageClass.INFORMATION
    )
    return replace(
        shipped,
        messages=MessageCatalog(templates=texts),
        rules=shipped.rules.model_copy(update={"rules": rules}),
    )


class HistoryWorld(ChangingWorld):
    """One store, its customers, and everything that the schedule would run."""

    def __init__(self, **ports: Any) -> None:
        super().__init__()
        self.app.use_catalog(catalog())
        self.app.__dict__.update(ports)
        self.jobs = MortalJobs(self.app.jobs)
        self.app.__dict__["jobs"] = self.jobs
        self.app.__dict__["dispatch_services"] = replace(
            self.app.dispatch_services,
            **{**ports, "jobs": self.jobs},
            sleep=lambda seconds: self.app.transport_clock.advance(timedelta(seconds=seconds)),
        )
        self.seen: dict[str, Seen] = {}
        self.missed: list[datetime] = []
        self.last_window = self.now
        self.is_approvable = False
        self.judged = 0

    # -- customers ----------------------------------------------------------------------------

    def create(self, offset: int, phone: int, previous: Booking | None = None) -> None:
        number = 7000000001 + len(self.seen)
        starts_at = self._slot(offset)
        self._see(
            make_booking(
                booking_id=str(number),
                name=f"손님{number % 100}",
                phone=previous.phone if previous else PHONES[phone % len(PHONES)],
                starts_at=starts_at,
                registered_at=self.now,
                confirmed_at=self.now,
                previous_booking_id=previous.booking_id if previous else None,
            )
        )

    def edit(self, what: str, which: int, value: int) -> None:
        """One customer's edit of one booking that has not begun; nothing if there is none."""
        open_ones = [one.now for one in self.seen.values() if one.now.starts_at > self.now]
        if not open_ones:
            return
        booking = open_ones[which % len(open_ones)]
        if what == "undo":
            self._undo(booking)
        if what == "undo" or booking.status is BookingStatus.CANCELLED:
            return
        if what == "replace":
            self.edit_to(booking, status=BookingStatus.CANCELLED, cancelled_at=self.now)
            self.create(value, 0, previous=booking)
        elif what == "cancel":
            self.edit_to(booking, status=BookingStatus.CANCELLED, cancelled_at=self.now)
        elif what == "move":
            starts_at = self._slot(value)
            self.edit_to(booking, starts_at=starts_at, ends_at=starts_at + timedelta(hours=1))
        elif what == "phone":
            self.edit_to(booking, phone=PHONES[value % len(PHONES)])
        else:
            self.edit_to(booking, name=f"{booking.name[:4]}개명{value}")

    def _undo(self, booking: Booking) -> None:
        """As it was before its last edit, a cancellation too, unless another took its place."""
        states = self.seen[booking.booking_id].states
        if len(states) > 1 and states[-2].starts_at > self.now and not self._is_replaced(booking):
            self._see(states[-2])

    def edit_to(self, booking: Booking, **facts: Any) -> None:
        self._see(replace(booking, **facts))

    def _see(self, booking: Booking) -> None:
        booking = replace(booking, version=booking_version(booking))
        self.app.source.put(booking)
        self.seen.setdefault(booking.booking_id, Seen()).states.append(booking)

    def _slot(self, offset: int) -> datetime:
        """Half hours of the day, so that bookings come back to a start that they had."""
        begun = self.now.replace(minute=0) + timedelta(hours=1)
        return begun + timedelta(minutes=30 * (offset % 6))

    def _is_replaced(self, booking: Booking) -> bool:
        return any(one.now.previous_booking_id == booking.booking_id for one in self.seen.values())

    # -- the schedule -------------------------------------------------------------------------

    def next_window(self, mode: str, at_write: int, *, is_after: bool) -> None:
        """The next window, as ``mode`` says: run, skipped, crashed, repeated, or raced."""
        self._to_next_window()
        if mode == "skipped":
            self.missed.append(self.now)
            return
        window, extracts, planned = self.plan(self.now)
        known = {name: len(one.states) - 1 for name, one in self.seen.items()}
        if mode == "raced":
            self.dispatch("")
        if mode in ("killed", "repeated", "store fails"):
            failure = StoreUnavailable() if mode == "store fails" else Crash()
            survives = self._survives(window, planned, failure, at_write, is_after=is_after)
            if not survives and mode == "killed":
                self.missed.append(self.now)
                return
        self._load(window, extracts, planned, known)

    def _survives(
        self, window: Window, planned: Any, failure: BaseException, at: int, *, is_after: bool
    ) -> bool:
        """Load until the n-th write; whether it came to the end before that."""
        self.jobs.left, self.jobs.is_after, self.jobs.failure = at, is_after, failure
        try:
            with patch.object(parallel, "WORKERS", 1):  # the n-th write is the same one each time
                workflow.load_jobs(self.app, window, planned["plan_key"])
        except (Crash, StoreUnavailable):
            return False
        finally:
            self.jobs.revive()
        return True

    def _load(self, window: Window, extracts: Any, planned: Any, known: dict[str, int]) -> None:
        loaded = workflow.load_jobs(self.app, window, planned["plan_key"])
        self._account(window, extracts, loaded)
        if loaded["counts"]["lost_changes"]:
            return
        for name, index in known.items():
            self.seen[name].covered = max(self.seen[name].covered, index)
        self.is_approvable = True

    def _account(self, window: Window, extracts: Any, loaded: Any) -> None:
        counts = loaded["counts"]
        report, _ = workflow.window_report(self.app, window, extracts, loaded)
        identity = report["accounting"]
        assert counts["conflicts"] == 0
        assert identity["planned"] == counts["planned"]
        assert identity["overtaken"] == counts["overtaken"]
        parts = ("loaded", "already_there", "conflicts", "overtaken")
        assert counts["planned"] == sum(counts[part] for part in parts)

    def late_window(self, which: int) -> None:
        """A window that did not run, or died, is run now; if it is old, its jobs are held."""
        if not self.missed:
            return
        as_of = self.missed.pop(which % len(self.missed))
        window, extracts, planned = self.plan(as_of)
        loaded = workflow.load_jobs(self.app, window, planned["plan_key"])
        self._account(window, extracts, loaded)
        self.is_approvable = False

    def approve(self) -> None:
        """A person lets go what was held, after a current window looked at it."""
        if not self.is_approvable:
            return
        for job in self.all_jobs():
            if job.state is JobState.HELD and job.reason == AWAITING_APPROVAL:
                self.jobs.move(job, Move.APPROVE, reason="")

    def dispatch(self, fault: str) -> None:
        if fault:
            self.app.gateway.faults.append(GatewayFault(fault))
        workflow.claim_and_send(self.app, range(16))
        self.app.gateway.faults.clear()
        self._judge_new_texts()

    def reconcile(self) -> None:
        self.pass_time(timedelta(minutes=10))
        workflow.settle_unknown_outcomes(self.app)
        self.app.gateway.deliver_all()
        workflow.poll_delivery_reports(self.app)
        workflow.expire_overdue(self.app)

    def _to_next_window(self) -> None:
        while True:
            self.last_window += WINDOW_LENGTH
            if self.last_window >= self.now:
                self.pass_time(self.last_window - self.now)
                return
            self.missed.append(self.last_window)

    def all_jobs(self) -> list[Any]:
        numbers = [f"{STORE}_{name}" for name in self.seen]
        return [job for number in numbers for job in self.jobs.of_booking(number)]

    # -- what must hold -----------------------------------------------------------------------

    def got(self) -> list[Text]:
        return [Text.of(row) for row in self.app.gateway.accepted]

    def _judge_new_texts(self) -> None:
        """Each text says what was so when the last full window looked, or later."""
        texts = self.got()
        for text in texts[self.judged :]:
            one = self.seen[text.booking_id]
            known = one.states[one.covered :]
            assert any(self._is_true(text, booking) for booking in known), (text, known)
        self.judged = len(texts)

    def _is_true(self, text: Text, booking: Booking) -> bool:
        if booking.status is not BookingStatus.CONFIRMED or booking.phone != text.to:
            return False
        if text.kind == "guide" and booking.booking_time != text.time:
            return False
        if self._was_tried_before(text):
            return True  # the text of a doubt is not changed while SENS's list is searched for it
        return (booking.name, booking.booking_time) == (text.name, text.time)

    def _was_tried_before(self, text: Text) -> bool:
        jobs = self.jobs.of_booking(f"{STORE}_{text.booking_id}")
        return any(j.attempt > 1 for j in jobs if (j.kind, j.to) == (text.kind, text.to))

    def finish(self, *, approves: bool) -> None:
        """Nobody edits any more; the schedule runs until every visit is over. Then the verdict."""
        edited_until, before = self.now, {text.booking_id for text in self.got()}
        # A text in doubt keeps others from being planned, until it is too late for some of them.
        before |= {job.booking_num[len(STORE) + 1 :] for job in self.all_jobs() if job.attempt}
        last = max((one.now.ends_at for one in self.seen.values()), default=self.now)
        while self.now <= last:
            self.next_window("run", 0, is_after=False)
            if approves:
                self.approve()
            self.dispatch("")
            self.reconcile()
            self.dispatch("")
        # A doubt is settled by its last look, also one of a visit that is over.
        for _ in range(self.app.reconcile_policy().looks):
            self.reconcile()
        self._judge_end(edited_until, before)

    def _judge_end(self, edited_until: datetime, before: set[str]) -> None:
        texts = self.got()
        assert max(Counter(text.message for text in texts).values(), default=1) == 1
        self._judge_confirmations(texts)
        open_states = {job.state for job in self.all_jobs()} - FINAL - SENT
        assert open_states <= {JobState.HELD}
        for one in self.seen.values():
            booking = one.now
            is_wanted = booking.status is BookingStatus.CONFIRMED
            if is_wanted and booking.starts_at >= edited_until + IN_TIME:
                self._judge_promises(booking, texts, before)

    def _judge_confirmations(self, texts: list[Text]) -> None:
        """Who was told of a booking is not told again, by another number or under another id."""
        told = [(text.booking_id, text.to) for text in texts if text.kind == "confirm"]
        assert max(Counter(number for number, _ in told).values(), default=1) == 1, told
        for booking_id, to in told:
            previous = self.seen[booking_id].now.previous_booking_id
            assert (previous, to) not in told, (booking_id, told)

    def _judge_promises(self, booking: Booking, texts: list[Text], before: set[str]) -> None:
        """The guide of the last start to the last number; a confirmation, if nothing was tried."""
        chain = self._chain(booking)
        about = [text for text in texts if text.booking_id in chain]
        if not self._waits_for_a_person(booking, "guide"):
            wanted = ("guide", booking.booking_time, booking.phone)
            assert wanted in [(text.kind, text.time, text.to) for text in about], (booking, about)
        if not chain & before:
            confirms = [text for text in about if text.kind == "confirm"]
            if not self._waits_for_a_person(booking, "confirm"):
                assert [(text.booking_id, text.to) for text in confirms] == [
                    (booking.booking_id, booking.phone)
                ], (booking, about)

    def _chain(self, booking: Booking) -> set[str]:
        """The booking and all that it replaced, one after the other."""
        found = {booking.booking_id}
        while booking.previous_booking_id is not None:
            booking = self.seen[booking.previous_booking_id].now
            found.add(booking.booking_id)
        return found

    def _waits_for_a_person(self, booking: Booking, kind: str) -> bool:
        """Whether nobody approved what an old window decided: then it expired, as it should."""
        jobs = self.jobs.of_booking(booking.booking_num)
        return any(job.kind == kind and job.reason == AWAITING_APPROVAL for job in jobs)
