"""What is known of a booking when its turn comes: its row, the one it inherits, what failed.

One place for the planner and for ``explain``, so that both see a booking with the same eyes.

A flag of a kind that is sent once per start counts for one start: who moves a visit after the
door code went out gets the new one in time. Our own jobs say which starts those were; where there
are none, it is the start that the predecessor's row was written for. A message that has a job is
never decided again, whatever the flags say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from booking_sms.domain.booking import Booking
from booking_sms.domain.facts import Facts
from booking_sms.domain.job_change import start_occurrence
from booking_sms.domain.ledger import FailedSms, Ledger, LedgerKey, LedgerRow, Promise
from booking_sms.domain.phone import ledger_phone
from booking_sms.domain.rule import Rule, RuleSet
from booking_sms.domain.rule_timing import Occurrence
from booking_sms.domain.sms_job import START_MARK


class History:
    """A working copy of the projected ledger; what a plan decides is written into it."""

    def __init__(self, ledger: Ledger, rules: RuleSet) -> None:
        self.rows: dict[LedgerKey, LedgerRow] = dict(ledger.rows)
        self._failed: Mapping[LedgerKey, tuple[FailedSms, ...]] = ledger.failed
        self._jobs = ledger.jobs
        self._promises = ledger.promises
        self._inherits = rules.inherit_rescheduled
        self._flags = frozenset(rule.flag for rule in rules.rules if rule.flag)
        self._flags_per_start = {
            rule.flag: rule.kind
            for rule in rules.rules
            if rule.flag and rule.occurrence is Occurrence.PER_START
        }
        self._starts: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
        for number, phone, kind, occurrence in ledger.jobs:
            if occurrence.startswith(START_MARK):
                self._starts[number, phone, kind].add(occurrence)
        self._phones: defaultdict[str, set[str]] = defaultdict(set)
        for booking_num, phone in self.rows:
            self._phones[booking_num].add(phone)

    def row_of(self, booking: Booking) -> LedgerRow | None:
        """The booking's own row, without what it inherits."""
        return self.rows.get(key_of(booking))

    def facts(self, booking: Booking, as_of: datetime) -> Facts:
        """What rules may look at; ``as_of`` in KST."""
        key = key_of(booking)
        return Facts(
            booking=booking,
            row=self._known(booking, key),
            as_of=as_of,
            failed=self._failed.get(key, ()),
            other_phone=self._has_other_phone(key),
        )

    def _has_other_phone(self, key: LedgerKey) -> bool:
        phones = self._phones.get(key[0])
        return phones is not None and not phones <= {key[1]}

    def write(self, row: LedgerRow) -> None:
        """Put or replace a row."""
        self.rows[row.key] = row
        self._phones[row.booking_num].add(row.phone)

    def has_job(self, booking: Booking, rule: Rule, occurrence: str) -> bool:
        """Whether this very message was promised in an earlier window, maybe by another name."""
        return self._is_promised(key_of(booking), rule, occurrence)

    def has_notice(self, number: str, rule: Rule, occurrence: str) -> bool:
        """Whether colleagues were told already, of this booking or by this digest."""
        return self._is_promised((number, ""), rule, occurrence)

    def _is_promised(self, key: LedgerKey, rule: Rule, occurrence: str) -> bool:
        if (*key, rule.kind, occurrence) in self._jobs:
            return True
        if not rule.formerly and rule.effective_from is None:
            return False
        return any(_counts_for(promise, rule) for promise in self._promises.get(key, ()))

    def _known(self, booking: Booking, key: LedgerKey) -> LedgerRow | None:
        """The own row with the flags that it inherits, each as far as it counts for this start."""
        own, previous = self.rows.get(key), self._inherited(booking)
        if own is None or previous is None:
            found = own or previous
            return found and self._for_start(found, booking)
        flags = self._for_start(previous, booking)
        inherited = {name: True for name in self._flags if flags.flag(name)}
        return self._for_start(own, booking).with_values(**inherited)

    def _for_start(self, row: LedgerRow, booking: Booking) -> LedgerRow:
        """The row without flags that were set for another start of the visit."""
        stale = {
            flag: False
            for flag, kind in self._flags_per_start.items()
            if row.flag(flag) and not self._is_for_start(row, kind, booking)
        }
        return row.with_values(**stale) if stale else row

    def _is_for_start(self, row: LedgerRow, kind: str, booking: Booking) -> bool:
        starts = self._starts.get((*row.key, kind))
        if starts:
            return start_occurrence(booking) in starts
        known = row.item.get("booking_time")
        return not known or bool(known == booking.booking_time)

    def _inherited(self, booking: Booking) -> LedgerRow | None:
        """The row of the booking that this one replaces, where the rule set inherits history."""
        if not self._inherits or booking.previous_booking_id is None:
            return None
        previous = f"{booking.store_id}_{booking.previous_booking_id}"
        return self.rows.get((previous, ledger_phone(booking.phone)))


def _counts_for(promise: Promise, rule: Rule) -> bool:
    """Whether a message of another name or occurrence was this rule's before it was changed."""
    if promise.kind in rule.formerly:
        return True
    if promise.kind != rule.kind or rule.effective_from is None:
        return False
    return datetime.fromisoformat(promise.window) < rule.effective_from


def key_of(booking: Booking) -> LedgerKey:
    """Where the ledger has, or would have, the booking."""
    return (booking.booking_num, ledger_phone(booking.phone))
