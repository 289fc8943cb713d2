"""``sms_control`` in memory: absent means off, as in a fresh production."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from booking_sms.domain.booking import KST
from booking_sms.domain.delivery import checked_mode, digits_of, strictest
from booking_sms.domain.text_counts import TextCounts, month_of
from booking_sms.ports import AdvertisingRecord, Clock, OperatorChange, SendingState
from booking_sms.testing.clocks import FixedClock


class InMemoryControlRepository:
    """Modes, switches, opt-outs, counters and notes in dictionaries."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or FixedClock(datetime(2026, 3, 2, 14, 0, tzinfo=KST))
        self._lock = threading.Lock()
        self._modes: dict[str | None, str] = {}
        self._switches: set[str] = set()
        self._opt_outs: set[str] = set()
        self._advertised: dict[str, AdvertisingRecord] = {}
        self._stages: dict[str, str] = {}
        self._counters: Counter[tuple[str, date]] = Counter()
        self._texts: dict[date, TextCounts] = {}
        self._notes: dict[str, str] = {}
        self._changes: list[OperatorChange] = []

    def delivery_mode(self, store_id: str | None = None) -> str:
        """The more cautious of the chain's mode and the store's own; absent is ``off``."""
        chain = self._modes.get(None)
        return strictest(chain, self._modes.get(store_id, chain))

    def set_delivery_mode(
        self, mode: str, *, by: str, reason: str, store_id: str | None = None
    ) -> None:
        """Set the mode; ValueError for one that does not exist."""
        self._record(f"mode#{store_id}" if store_id else "mode", checked_mode(mode), by, reason)
        self._modes[store_id] = mode

    def kill_switches(self) -> frozenset[str]:
        """Active kill switches."""
        return frozenset(self._switches)

    def sending_state(self, store_ids: Collection[str], note: str) -> SendingState:
        """Modes of these stores, kill switches and a note."""
        return SendingState(
            modes={store_id: self.delivery_mode(store_id or None) for store_id in store_ids},
            switches=self.kill_switches(),
            note=self.get_note(note),
        )

    def set_kill_switch(self, name: str, active: bool, *, by: str, reason: str) -> None:
        """Turn a kill switch on or off."""
        self._record(f"kill#{name}", "on" if active else "off", by, reason)
        (self._switches.add if active else self._switches.discard)(name)

    def is_opted_out(self, phone: str) -> bool:
        """Whether this number refused advertising, however it is written."""
        return digits_of(phone) in self._opt_outs

    def add_opt_outs(self, phones: Iterable[str]) -> None:
        """Remember numbers that refused advertising."""
        self._opt_outs.update(digits_of(phone) for phone in phones)

    def last_advertising(self, phone: str) -> AdvertisingRecord | None:
        """The last advertising text to this number, however it is written."""
        return self._advertised.get(digits_of(phone))

    def record_advertising(self, phone: str, record: AdvertisingRecord) -> None:
        """Remember an advertising text instead of the last."""
        self._advertised[digits_of(phone)] = record

    def rollout_stage(self, rule: str) -> str | None:
        """Stored stage of a rule, or None."""
        return self._stages.get(rule)

    def set_rollout_stage(self, rule: str, stage: str, *, by: str, reason: str) -> None:
        """Set a rule's stage."""
        self._record(f"rollout#{rule}", stage, by, reason)
        self._stages[rule] = stage

    def add_to_counter(self, name: str, day: date, amount: int) -> int:
        """Add to a day's counter; return the new value."""
        with self._lock:
            self._counters[(name, day)] += amount
            return self._counters[(name, day)]

    def counter(self, name: str, day: date) -> int:
        """Value of a day's counter."""
        return self._counters[(name, day)]

    def count_texts(
        self, day: date, message_class: str, amount_of: Callable[[TextCounts], int]
    ) -> int:
        """Add to a day's texts; return what was added."""
        with self._lock:
            counts = self.texts_of_month(day)
            amount = amount_of(counts)
            self._texts[month_of(day)] = counts.added(day, message_class, amount)
            return amount

    def texts_of_month(self, day: date) -> TextCounts:
        """Texts counted in the month that ``day`` lies in."""
        return self._texts.get(month_of(day), TextCounts())

    def put_note(self, name: str, value: Mapping[str, Any]) -> None:
        """Keep a JSON-able note by name."""
        self._notes[name] = json.dumps(value)

    def get_note(self, name: str) -> Mapping[str, Any] | None:
        """Read a note as JSON gives it back, or None."""
        stored = self._notes.get(name)
        return json.loads(stored) if stored is not None else None

    def record_change(self, name: str, value: str, *, by: str, reason: str) -> None:
        """Keep that a person changed something that lives elsewhere."""
        self._record(name, value, by, reason)

    def operator_changes(self, month: date) -> tuple[OperatorChange, ...]:
        """Changes of the month that ``month`` lies in, oldest first."""
        return tuple(
            change
            for change in self._changes
            if (change.at.year, change.at.month) == (month.year, month.month)
        )

    def _record(self, name: str, value: str, by: str, reason: str) -> None:
        change = OperatorChange(name=name, value=value, by=by, reason=reason, at=self._clock.now())
        self._changes.append(change)
