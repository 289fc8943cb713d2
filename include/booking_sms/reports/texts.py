"""Texts by store, kind and hour, counted from the outbox: never a person, never a text.

A text belongs to the hour in which it was handed to SENS last (t0, real time, KST). One that was
accepted counts as accepted whatever the carrier made of it; ``delivered`` and ``undelivered`` are
parts of it, the rest has no final word yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from booking_sms.domain.booking import KST
from booking_sms.domain.price import Prices, plain_number
from booking_sms.domain.sms_job import SENT, JobState, SmsJob
from booking_sms.domain.store import StoreDirectory
from booking_sms.pipeline.report import alias_of
from booking_sms.ports import StoredJob, UnreadableItem

COLUMNS = (
    "day",
    "hour",
    "store",
    "alias",
    "kind",
    "accepted",
    "delivered",
    "undelivered",
    "refused",
    "krw",
)
LONGEST = timedelta(days=365)
"""Between the first and the last day: a leap year's days in all."""
_TYPE = "type#"


@dataclass(frozen=True, order=True)
class Place:
    """What a row is about."""

    day: date
    hour: int
    store: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class TextRow:
    """Texts of one store, kind and hour. ``krw`` is an estimate; the vendor's bill decides."""

    place: Place
    alias: str
    accepted: int
    delivered: int
    undelivered: int
    refused: int
    krw: Decimal

    def as_dict(self) -> dict[str, Any]:
        """One row in the order of ``COLUMNS``."""
        return {
            "day": self.place.day.isoformat(),
            "hour": self.place.hour,
            "store": self.place.store,
            "alias": self.alias,
            "kind": self.place.kind,
            "accepted": self.accepted,
            "delivered": self.delivered,
            "undelivered": self.undelivered,
            "refused": self.refused,
            "krw": plain_number(self.krw),
        }


@dataclass(frozen=True, kw_only=True)
class TextReport:
    """Rows of Korean days, both ends included, in the order of day, hour, store, kind."""

    first: date
    last: date
    made_at: datetime
    rows: tuple[TextRow, ...]
    unreadable: int = 0
    kept_since: date | None = None
    """Jobs of visits before this day may be erased by age; None where nothing is."""

    @property
    def is_partly_erased(self) -> bool:
        """Whether some of its texts may no longer be counted."""
        return self.kept_since is not None and self.first < self.kept_since

    @property
    def days(self) -> list[date]:
        """Every day of the report, also those without a text."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    def totals(self) -> dict[str, int | float]:
        """Sums over all rows."""
        names = ("accepted", "delivered", "undelivered", "refused")
        counts = {name: sum(getattr(row, name) for row in self.rows) for name in names}
        won = sum((row.krw for row in self.rows), Decimal(0))
        return {**counts, "krw": plain_number(won)}

    def accepted_by(self, *names: str) -> Counter[tuple[Any, ...]]:
        """Accepted texts by some of ``day``, ``hour``, ``store``, ``kind``, ``alias``."""
        counted: Counter[tuple[Any, ...]] = Counter()
        for row in self.rows:
            counted[tuple(_value(row, name) for name in names)] += row.accepted
        return counted

    def as_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return {
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "made_at": self.made_at.isoformat(),
            "totals": self.totals(),
            "unreadable": self.unreadable,
            "partly_erased": self.is_partly_erased,
            "rows": [row.as_dict() for row in self.rows],
        }


def count_texts(
    items: Iterable[StoredJob | UnreadableItem],
    stores: StoreDirectory,
    prices: Prices,
    *,
    first: date,
    last: date,
    now: datetime,
    kept_since: date | None = None,
) -> TextReport:
    """Count every text of the days; ValueError for days in the wrong order, or over a year."""
    if not timedelta(0) <= last - first <= LONGEST:
        raise ValueError(f"from {first} to {last}: the first day, then the last, a year at most")
    counts: dict[Place, Counter[str]] = {}
    unreadable = 0
    for item in items:
        if isinstance(item, UnreadableItem):
            unreadable += 1
            continue
        place = _place_of(item.job)
        if place is not None and first <= place.day <= last:
            counts.setdefault(place, Counter()).update(_counted(item.job))
    rows = tuple(_rows(counts, stores, prices))
    return TextReport(
        first=first,
        last=last,
        made_at=now,
        rows=rows,
        unreadable=unreadable,
        kept_since=kept_since,
    )


def week_before(now: datetime) -> tuple[date, date]:
    """The seven whole Korean days before today: Monday's report is of Monday to Sunday."""
    today = now.astimezone(KST).date()
    return today - timedelta(days=7), today - timedelta(days=1)


def month_before(now: datetime) -> tuple[date, date]:
    """First and last day of the Korean calendar month before today's."""
    last = now.astimezone(KST).date().replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


def start_of(day: date) -> datetime:
    """A Korean day's first instant."""
    return datetime.combine(day, time.min, tzinfo=KST)


def _place_of(job: SmsJob) -> Place | None:
    """Where a text counts; None for notices and for what SENS was never asked to take."""
    if not job.is_text or job.t0 <= 0 or job.state not in SENT | {JobState.REJECTED}:
        return None
    at = datetime.fromtimestamp(job.t0 / 1000, KST)
    return Place(at.date(), at.hour, job.store_id, job.kind)


def _counted(job: SmsJob) -> dict[str, int]:
    if job.state is JobState.REJECTED:
        return {"refused": 1}
    final = {job.state.value: 1} if job.state is not JobState.ACCEPTED else {}
    return {"accepted": 1, f"{_TYPE}{job.message_type}": 1, **final}


def _rows(
    counts: Mapping[Place, Counter[str]], stores: StoreDirectory, prices: Prices
) -> Iterator[TextRow]:
    for place, counted in sorted(counts.items()):
        yield TextRow(
            place=place,
            alias=alias_of(place.store, stores),
            accepted=counted["accepted"],
            delivered=counted["delivered"],
            undelivered=counted["undelivered"],
            refused=counted["refused"],
            krw=_won(counted, prices),
        )


def _won(counted: Counter[str], prices: Prices) -> Decimal:
    """Price of the accepted texts, by their type."""
    types = {
        name.removeprefix(_TYPE): number
        for name, number in counted.items()
        if name.startswith(_TYPE)
    }
    return sum((prices.of(name) * number for name, number in types.items()), Decimal(0))


def _value(row: TextRow, name: str) -> Any:
    return row.alias if name == "alias" else getattr(row.place, name)
