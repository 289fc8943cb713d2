"""The projected ledger: LEGACY's rows overlaid with what our own jobs already promise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from booking_sms.domain.sms_job import FORGOTTEN, SMS_CHANNEL, JobState, SmsJob

FLAG_OF_KIND: Mapping[str, str] = {
    "confirm": "confirm_sms",
    "guide": "remind_sms",
    "event": "option_sms",
}
LedgerKey = tuple[str, str]
JobName = tuple[str, str, str, str]
"""What makes a message the same one: (booking_num, ledger phone, kind, occurrence).

A notice to colleagues has no phone: one is enough, whoever the customer is by now.
"""
FAILED = frozenset({JobState.REJECTED, JobState.UNDELIVERED})
"""States of a text that the customer certainly did not get, whatever we try."""


@dataclass(frozen=True, kw_only=True)
class LedgerRow:
    """One row of LEGACY's ``sms`` table, attributes as stored. ``item`` may lack flags."""

    booking_num: str
    phone: str = field(repr=False)
    item: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def key(self) -> LedgerKey:
        """Primary key of the row: (booking_num, hyphenated phone)."""
        return (self.booking_num, self.phone)

    def flag(self, name: str) -> Any:
        """Value of a flag; None when the row lacks it."""
        return self.item.get(name)

    def with_values(self, **values: Any) -> LedgerRow:
        """Return the row with attributes set."""
        return LedgerRow(
            booking_num=self.booking_num, phone=self.phone, item={**self.item, **values}
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedSms:
    """A text of ours that was refused or did not arrive, and when it was due (aware)."""

    kind: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Promise:
    """One message that we promised: its kind and the window (ISO instant) that decided it."""

    kind: str
    window: str


@dataclass(frozen=True)
class Ledger:
    """What is known to be sent or promised, by (booking_num, ledger phone).

    ``failed`` are texts that did not get through: their flags stay set, nothing repeats by itself.
    ``jobs`` names every message that we promised already, also those that set no flag;
    ``promises`` lists them by booking and phone, whatever their occurrence.
    """

    rows: Mapping[LedgerKey, LedgerRow] = field(default_factory=dict)
    failed: Mapping[LedgerKey, tuple[FailedSms, ...]] = field(default_factory=dict)
    jobs: frozenset[JobName] = frozenset()
    promises: Mapping[LedgerKey, tuple[Promise, ...]] = field(default_factory=dict)

    def get(self, booking_num: str, phone: str) -> LedgerRow | None:
        """The row of this booking and phone, or None: None is how LEGACY knows "new"."""
        return self.rows.get((booking_num, phone))

    def with_row(self, row: LedgerRow) -> Ledger:
        """Return the ledger with this row put or replaced."""
        return replace(self, rows={**self.rows, row.key: row})


def project_ledger(rows: Iterable[LedgerRow], jobs: Iterable[SmsJob]) -> Ledger:
    """Overlay jobs on rows: a job in any state but cancelled or superseded is a set flag.

    A notice to colleagues is remembered by its name and changes no row: the customer got nothing.
    """
    projected = {row.key: row for row in rows}
    failed: dict[LedgerKey, tuple[FailedSms, ...]] = {}
    promises: dict[LedgerKey, tuple[Promise, ...]] = {}
    names: set[JobName] = set()
    for job in jobs:
        is_text = job.channel == SMS_CHANNEL
        if job.state in FORGOTTEN or (is_text and not job.ledger.phone):
            continue
        key = (job.booking_num, job.ledger.phone)
        names.add((*key, job.kind, job.occurrence))
        promise = Promise(kind=job.kind, window=job.window)
        promises[key] = (*promises.get(key, ()), promise)
        if not is_text:
            continue
        row = projected.get(key) or blank_row(job)
        projected[key] = row.with_values(**{job.ledger.flag: True}) if job.ledger.flag else row
        if job.state in FAILED:
            sms = FailedSms(kind=job.kind, due_at=job.due_at)
            failed[key] = (*failed.get(key, ()), sms)
    return Ledger(projected, failed, frozenset(names), promises)


def blank_row(job: SmsJob) -> LedgerRow:
    """The row that LEGACY would have put at first sight, with no flag set yet."""
    entry = job.ledger
    return first_sight_row(job.booking_num, entry.phone, entry.name, entry.booking_time)


def first_sight_row(booking_num: str, phone: str, name: str, booking_time: str) -> LedgerRow:
    """LEGACY's full row of a booking, all flags false; ``phone`` is the ledger phone."""
    item = {
        "booking_num": booking_num,
        "phone": phone,
        "name": name,
        "booking_time": booking_time,
        "confirm_sms": False,
        "remind_sms": False,
        "option_sms": False,
        "option_time": "",
    }
    return LedgerRow(booking_num=booking_num, phone=phone, item=item)
