"""Windows that nobody decided, and what only they could have decided: told apart by facts.

Decisions are level-triggered, so the next window heals a gap. What a missed window would have
decided is worked out by the planner itself, on the bookings as they stood then; what neither the
next window decides nor anything promised before is *lost*. A window without such a message is
*subsumed*. A digest speaks for the chain and for its own window: it is not counted here.

The next window's own snapshot is all there is: a booking that it does not ask for (a visit
completed before yesterday) and one whose state then nobody can know are not counted either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from booking_sms.domain.booking import Booking, BookingStatus
from booking_sms.domain.decision import WindowPlan
from booking_sms.domain.ledger import Ledger
from booking_sms.domain.rule import RuleSet
from booking_sms.domain.store import StoreDirectory
from booking_sms.domain.window import (
    WINDOW_LENGTH,
    HealedWindow,
    StoreCoverage,
    Window,
    last_end,
    windows_between,
)
from booking_sms.pipeline.extract import as_of_filter
from booking_sms.pipeline.live import asked_for
from booking_sms.pipeline.plan import WindowPlanner
from booking_sms.ports import WindowRepository

LOOK_BACK = 72
"""Windows: a day. Older ones are for a person and the repair."""
HISTORY = timedelta(days=31)
"""How far back a store's rows prove that it was there before a gap that fills the look-back."""
MessageKey = tuple[str, str, str, str]
GapCounts = Mapping[str, Mapping[str, int]]
"""{name of the missed window: {rule: messages lost}}, JSON-able."""


def missed_before(windows: WindowRepository, store_id: str, window: Window) -> tuple[Window, ...]:
    """Windows between the last decided one of a store and ``window``, oldest first.

    Those of at most a day. A store that never had a row has none. One small read where there
    is no gap.
    """
    previous = last_end(window.as_of - timedelta(seconds=1))
    if _decided(windows.of_store(store_id, previous, previous)):
        return ()
    first = previous - (LOOK_BACK - 1) * WINDOW_LENGTH
    rows = windows.of_store(store_id, first, previous)
    decided = _decided(rows)
    if decided:
        return windows_between(decided[-1].window.as_of + WINDOW_LENGTH, previous)
    if windows.of_store(store_id, first - HISTORY, first - WINDOW_LENGTH):
        return windows_between(first, previous)
    return windows_between(rows[0].window.as_of, previous) if rows else ()


def _decided(rows: Sequence[StoreCoverage]) -> list[StoreCoverage]:
    return [row for row in rows if row.is_decided]


class GapReader:
    """Works out what a gap of one store has lost; the terms are those of the healing window."""

    def __init__(
        self,
        rules: RuleSet,
        stores: StoreDirectory,
        window: Window,
        rollout: Mapping[str, str] | None = None,
    ) -> None:
        self._rules = rules
        self._stores = stores
        self._window = window
        self._rollout = rollout

    def lost(
        self, missed: Iterable[Window], bookings: Sequence[Booking], ledger: Ledger
    ) -> dict[str, dict[str, int]]:
        """By missed window, oldest first, the messages that were lost, counted by rule.

        ``bookings`` and ``ledger`` are what the healing window decides on. A fold: each missed
        window knows what those before it would have decided, so a message is lost once.
        """
        decided = {key for key, _ in _messages(self._plan(self._window, bookings, ledger))}
        unwanted = _cancelled(bookings)
        found: dict[str, dict[str, int]] = {}
        for window in missed:
            then, _ = as_of_filter(bookings, window.as_of)
            plan = self._plan(window, asked_for(then, window), ledger)
            ledger = replace(ledger, rows=plan.ledger_after.rows)
            lost: Counter[str] = Counter()
            for key, rule in _messages(plan):
                if key not in decided and key[0] not in unwanted:
                    lost[rule] += 1
                decided.add(key)  # counted at the first window that would have decided it
            found[window.name] = dict(sorted(lost.items()))
        return found

    def _plan(self, window: Window, bookings: Sequence[Booking], ledger: Ledger) -> WindowPlan:
        planner = WindowPlanner(self._rules, self._stores, window, self._rollout)
        return planner.plan_store(bookings, ledger)


def _messages(plan: WindowPlan) -> Iterator[tuple[MessageKey, str]]:
    """Key and rule of each message in effect. By kind: another rule's text may do for it."""
    for one in plan.decisions:
        if not one.shadow:
            yield (one.booking.booking_num, one.kind, one.occurrence, one.phone), one.rule.name
    for notice in plan.notices:
        if not notice.shadow:
            yield (notice.number, notice.rule.kind, notice.occurrence, ""), notice.rule.name


def _cancelled(bookings: Iterable[Booking]) -> set[str]:
    """Nobody misses the text of a visit that was called off since."""
    return {b.booking_num for b in bookings if b.status is BookingStatus.CANCELLED}


def healed_windows(counts: GapCounts) -> tuple[HealedWindow, ...]:
    """What the coverage row keeps of a gap, oldest first."""
    healed = (
        HealedWindow(window=Window.from_name(name), lost=tuple(sorted(lost.items())))
        for name, lost in counts.items()
    )
    return tuple(sorted(healed, key=lambda one: one.window))
