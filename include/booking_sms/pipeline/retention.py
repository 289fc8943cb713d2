"""Erases personal data by age, proves what it did in counts, and never what is still needed.

Every step is one conditional write, in an order that may be cut off anywhere: blank, then erase
what is blank, then texts that no job names. Done again it finds nothing left to do.

Age alone would not do: a visit that was moved far ahead would lose its key and be texted again.
So a booking that any snapshot of the last days still lists, or names as the one before it, keeps
everything; and a store without a nightly sweep among its snapshots proves nothing, and keeps all.
A store that is not in the directory any more will never be swept: there the age of keys decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from booking_sms.domain.booking import KST
from booking_sms.domain.retention import (
    ERASED,
    RetentionPolicy,
    is_blank,
    is_settled,
    last_touched,
)
from booking_sms.domain.sms_job import SmsJob
from booking_sms.domain.window import Window
from booking_sms.pipeline.extract import load_staged, staging_prefix
from booking_sms.ports import (
    PayloadStage,
    PersonalRecords,
    SmsJobRepository,
    StoredJob,
    UnreadableItem,
)

UNKNOWN = "unknown"
"""Store of a booking number that names none."""

PREVIEW = "preview_"
"""Before the store, in the number of a text to somebody's own phone (``pipeline.resend``)."""

SWEEPS = 3
"""Nights whose sweep may prove that a booking is listed nowhere."""


@dataclass(frozen=True, kw_only=True)
class RetentionServices:
    """What erasure needs. ``real_now`` is real time: files and texts are judged by it."""

    jobs: SmsJobRepository
    records: PersonalRecords
    stage: PayloadStage
    now: datetime
    real_now: datetime
    owns_ledger: bool = True
    policy: RetentionPolicy = field(default_factory=RetentionPolicy)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """Bookings that Naver lists still, and the stores whose sweep proves that it is all of them.

    ``stores`` are those of the directory; ``met`` collects the others that hold people.
    """

    bookings: frozenset[str]
    proven_stores: frozenset[str]
    stores: frozenset[str]
    met: set[str] = field(default_factory=set)

    def may_go(self, booking_num: str, *, is_past_keys: bool) -> bool:
        """Whether the booking's absence is proven; or of age for keys, where nobody proves it."""
        store, number, _ = booking_num.removeprefix(PREVIEW).partition("_")
        if store in self.stores:
            return store in self.proven_stores and booking_num not in self.bookings
        self.met.add(store if number else UNKNOWN)
        return is_past_keys and booking_num not in self.bookings


def erase_personal_data(services: RetentionServices, store_ids: Iterable[str]) -> dict[str, Any]:
    """One night's erasure; counts by class, nobody in them. Raises LoadError: run it again.

    Jobs of notices belong to no store and hold nobody; age alone decides on them.
    """
    listed = listed_bookings(services, tuple(store_ids))
    jobs, ledger = Counter[str](), Counter[str]()
    for booking_num, kept in _bookings(services.jobs.everything(), jobs):
        jobs.update(_erase_jobs(services, listed, booking_num, kept))
    # Until we send, the predecessor does, and the table is his.
    for row in services.records.ledger_rows() if services.owns_ledger else ():
        ledger[_erase_row(services, listed, *row)] += 1
    return {
        "jobs": dict(sorted(jobs.items())),
        "ledger": dict(sorted(ledger.items())),
        "texts": _erase_texts(services),
        "plans": _erase_plans(services),
        "staged": services.stage.delete_older_than(
            services.policy.staged_days, now=services.real_now
        ),
        "unproven_stores": sorted(listed.stores - listed.proven_stores),
        "removed_stores": sorted(listed.met),
    }


def listed_bookings(services: RetentionServices, store_ids: Sequence[str]) -> Listed:
    """What the last nights' sweeps and the last snapshot of each store list."""
    bookings: set[str] = set()
    proven: set[str] = set()
    for store_id in store_ids:
        swept = [key for window in _sweeps(services) for key in _keys(services, window, store_id)]
        if swept:
            proven.add(store_id)
        for key in [*swept, *_latest(services, store_id)]:
            bookings.update(_named(services.stage, key))
    return Listed(
        bookings=frozenset(bookings),
        proven_stores=frozenset(proven),
        stores=frozenset(store_ids),
    )


def _bookings(
    items: Iterable[StoredJob | UnreadableItem], counts: Counter[str]
) -> Iterator[tuple[str, list[SmsJob]]]:
    """Jobs by booking: a table gives all items of one key together."""
    for booking_num, jobs in groupby(_readable(items, counts), key=lambda job: job.booking_num):
        yield booking_num, list(jobs)


def _readable(
    items: Iterable[StoredJob | UnreadableItem], counts: Counter[str]
) -> Iterator[SmsJob]:
    for item in items:
        if isinstance(item, StoredJob):
            yield item.job
        else:
            counts["unreadable"] += 1


def _erase_jobs(
    services: RetentionServices, listed: Listed, booking_num: str, jobs: list[SmsJob]
) -> Counter[str]:
    """All of a booking's jobs, or none: what one of them needs, the others keep for it."""
    touched, policy = last_touched(jobs), services.policy
    if touched >= policy.personal_before(services.now):
        return Counter({"young": len(jobs)})
    if not is_settled(jobs, policy.personal_before(services.real_now)):
        return Counter({"open": len(jobs)})
    is_past_keys = touched < policy.keys_before(services.now)
    has_text = any(job.is_text for job in jobs)
    if has_text and not listed.may_go(booking_num, is_past_keys=is_past_keys):
        return Counter({"listed_or_unproven": len(jobs)})
    done: Counter[str] = Counter()
    for job in jobs:
        if not is_blank(job):
            done["blanked" if services.records.blank_job(job) else "moved_on"] += 1
        elif is_past_keys:
            done["erased" if services.records.erase_job(job) else "moved_on"] += 1
        else:
            done["blank"] += 1
    return done


def _erase_row(
    services: RetentionServices,
    listed: Listed,
    booking_num: str,
    phone: str,
    visit_at: datetime | None,
) -> str:
    """A row of the ledger names a phone in its key, so it goes as a whole, after its jobs.

    Until then its name goes with theirs. What became of it, in a word.
    """
    policy = services.policy
    if visit_at is None:
        return "undated"
    if visit_at >= policy.personal_before(services.now):
        return "young"
    jobs = services.jobs.of_booking(booking_num)
    needed = jobs and last_touched(jobs) >= policy.personal_before(services.now)
    if needed or not is_settled(jobs, policy.personal_before(services.real_now)):
        return "needed"
    is_past_keys = visit_at < policy.keys_before(services.now)
    if not listed.may_go(booking_num, is_past_keys=is_past_keys):
        return "listed_or_unproven"
    if not jobs and is_past_keys:
        return "erased" if services.records.erase_row(booking_num, phone) else "gone"
    return "blanked" if services.records.blank_row(booking_num, phone) else "blank"


def _erase_texts(services: RetentionServices) -> dict[str, int]:
    """Texts that are older than the person's time and that no job names.

    A job that is inserted behind the scan's cursor is not seen. Its text is safe all the same: it
    was put just before, and a text that is put is dated anew if it is old (``FRESH_DAYS``). So one
    of this age has no job to come, and one that is dated anew after the scan is left alone by the
    condition of the erasure. Cut off anywhere, there is nothing to put back.
    """
    before, counts = services.policy.texts_before(services.real_now), Counter[str]()
    named = _named_texts(services)
    for sha256, written_at in services.records.texts():
        if sha256 not in named and written_at < before:
            erased = services.records.erase_text(sha256, before)
            counts["erased" if erased else "taken_up"] += 1
    return {"erased": counts["erased"], "taken_up": counts["taken_up"]}


def _named_texts(services: RetentionServices) -> set[str]:
    items = services.jobs.everything()
    return {item.job.body_sha for item in items if isinstance(item, StoredJob)}


def _erase_plans(services: RetentionServices) -> dict[str, int]:
    """Repair plans and the rows of closed campaigns whose time is over; others name nobody."""
    before = services.policy.personal_before(services.real_now)
    counts = Counter[str]()
    for plan_id, made_at in services.records.plans():
        if made_at < before:
            services.records.erase_plan(plan_id)
            counts["erased"] += 1
        else:
            counts["young"] += 1
    return dict(sorted(counts.items()))


def _sweeps(services: RetentionServices) -> Iterator[Window]:
    at = services.policy.fetch.sweep_at
    today = services.now.astimezone(KST).replace(
        hour=at.hour, minute=at.minute, second=0, microsecond=0
    )
    for days in range(SWEEPS + 1):
        if today - timedelta(days=days) <= services.now:
            yield Window(today - timedelta(days=days))


def _keys(services: RetentionServices, window: Window, store_id: str) -> tuple[str, ...]:
    return services.stage.list(staging_prefix(window, store_id))


def _latest(services: RetentionServices, store_id: str) -> tuple[str, ...]:
    """The store's newest snapshot: what was booked since the sweep."""
    prefix = staging_prefix(Window(_floor(services.now)), store_id).rsplit("/", 2)[0]
    return services.stage.list(f"{prefix}/")[-1:]


def _floor(now: datetime) -> datetime:
    return now.astimezone(KST).replace(minute=now.minute // 20 * 20, second=0, microsecond=0)


def _named(stage: PayloadStage, key: str) -> Iterator[str]:
    """Bookings of a snapshot, what could not be read of them, and those they came from."""
    staged = load_staged(stage, key)
    for booking in (*staged.bookings, *staged.unknown_then):
        yield booking.booking_num
        if booking.previous_booking_id is not None:
            yield f"{booking.store_id}_{booking.previous_booking_id}"
    for item in staged.quarantined:
        yield f"{item.store_id}_{item.reference}"


def total(counts: Mapping[str, Any]) -> dict[str, int]:
    """Blanked and erased over all classes: the line that people read."""
    classes = [counts[name] for name in ("jobs", "ledger", "texts", "plans")]
    return {
        "blanked": sum(one.get("blanked", 0) for one in classes),
        "erased": sum(one.get("erased", 0) for one in classes) + counts["staged"],
    }


__all__ = [
    "ERASED",
    "Listed",
    "RetentionServices",
    "erase_personal_data",
    "listed_bookings",
    "total",
]
