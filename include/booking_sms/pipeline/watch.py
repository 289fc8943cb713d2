"""The watch: windows that nobody decided and bookings that stay away, seen from outside Airflow.

It reads coverage alone and judges by the business clock, so it sees that nothing ran at all. It
writes one note: what was told today.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile
from statistics import median
from typing import Any

from booking_sms.domain.booking import KST
from booking_sms.domain.store import StoreDirectory
from booking_sms.domain.window import (
    WINDOW_LENGTH,
    HealedWindow,
    StoreCoverage,
    Window,
)
from booking_sms.pipeline.catch_up import lost_by_rule, preview_command, span
from booking_sms.pipeline.report import alias_of
from booking_sms.pipeline.window_ledger import WindowEntry, WindowState, read_window_ledger
from booking_sms.ports import Clock, ControlRepository, WindowRepository

NOTE = "watch"
CHAIN = ""
LOOK = timedelta(hours=24)
"""How far back a window that nobody healed, or that has lost messages, is still a finding."""
BAND_DAYS, LEAST_DAYS = 7, 3
MISSED, FAILED, LOST = "window_missed", "window_failed", "windows_lost"
SILENT, OUTSIDE = "no_bookings", "bookings_outside_band"


@dataclass(frozen=True, kw_only=True)
class WatchPolicy:
    """When something is a finding: hours, and percent of the usual number of bookings."""

    no_bookings_hours: int = 24
    band_low_percent: int = 50
    band_high_percent: int = 200
    effective_from: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class WatchServices:
    """What the watch needs. ``page`` tells somebody, and says whether anybody was reached."""

    windows: WindowRepository
    control: ControlRepository
    clock: Clock
    stores: StoreDirectory
    page: Callable[[str], bool]
    policy: WatchPolicy = field(default_factory=WatchPolicy)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that somebody must act on. ``about`` tells this one from the next of its kind.

    ``windows`` counts those that it is about, if it is about windows.
    """

    code: str
    store_id: str
    about: str
    text: str
    windows: int = 0

    @property
    def key(self) -> str:
        """What a day's note remembers it by."""
        return f"{self.code}#{self.store_id}#{self.about}"


@dataclass(kw_only=True)
class WatchReport:
    """What one look saw. ``partial`` counts quarantined rows by store: shown, no alarm."""

    at: str
    findings: tuple[Finding, ...] = ()
    partial: dict[str, int] = field(default_factory=dict)
    told: tuple[str, ...] = ()
    reached: bool = True

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


def watch_windows(services: WatchServices) -> WatchReport:
    """One look: findings, each told once a Korean day. Raises LoadError if nothing can be read.

    What reaches nobody is told by the next look.
    """
    now = services.clock.now()
    look = _Look(services, now)
    findings = tuple(look.findings())
    report = WatchReport(
        at=now.astimezone(KST).isoformat(timespec="seconds"),
        findings=findings,
        partial=look.partial,
    )
    _tell(services, report, now.astimezone(KST).date().isoformat())
    return report


def _tell(services: WatchServices, report: WatchReport, today: str) -> None:
    note = services.control.get_note(NOTE) or {}
    known = set(note.get("told", ())) if note.get("day") == today else set()
    new = [finding for finding in report.findings if finding.key not in known]
    if not new:
        return
    report.reached = services.page("\n".join(["회차 감시", *(f"- {one.text}" for one in new)]))
    if report.reached:
        report.told = tuple(finding.key for finding in new)
        told = sorted(known | set(report.told))
        services.control.put_note(NOTE, {"day": today, "told": told})


class _Look:
    """One look at all stores' coverage."""

    def __init__(self, services: WatchServices, now: datetime) -> None:
        self._services = services
        self._now = now
        self.partial: dict[str, int] = {}
        self._rows: dict[str, tuple[StoreCoverage, ...]] = {}
        self._usual: list[Mapping[str, StoreCoverage]] = []

    def findings(self) -> Iterator[Finding]:
        """All that is wrong now: store by store, then the chain."""
        since = self._now - max(LOOK, self._silence + WINDOW_LENGTH)
        for store_id in self._services.stores.stores:
            self._rows[store_id] = self._read(store_id, since, self._now)
        newest = self._newest_complete()
        if newest is not None:
            self._usual = list(self._days_before(newest))
        for store_id in self._services.stores.stores:
            yield from self._of_store(store_id)
        if newest is not None:
            yield from self._band(newest)

    def _read(self, store_id: str, since: datetime, until: datetime) -> tuple[StoreCoverage, ...]:
        return self._services.windows.of_store(store_id, since, until)

    @property
    def _silence(self) -> timedelta:
        return timedelta(hours=self._services.policy.no_bookings_hours)

    # -- one store ----------------------------------------------------------------------------

    def _of_store(self, store_id: str) -> Iterator[Finding]:
        entries = read_window_ledger(
            self._services.windows,
            store_id,
            self._now - LOOK,
            self._now,
            self._now,
            self._services.policy.effective_from,
        )
        quarantined = [one.quarantined for one in entries if one.state is WindowState.PARTIAL]
        if any(quarantined):
            self.partial[store_id] = quarantined[-1]
        yield from self._missed(store_id, entries)
        yield from self._failed(store_id, entries)
        yield from self._lost(store_id, entries)
        yield from self._silent(store_id)

    def _missed(self, store_id: str, entries: Sequence[WindowEntry]) -> Iterator[Finding]:
        missed = [one.window for one in entries if one.state is WindowState.MISSED]
        if not missed:
            return
        if len(missed) == len(entries):
            said = f"회차가 한 번도 처리되지 않았습니다 (지난 {LOOK // timedelta(hours=1)}시간)"
            yield self._finding(MISSED, store_id, "all", said, len(missed))
        else:
            said = f"처리되지 않은 회차 {span(missed)}"
            yield self._finding(MISSED, store_id, missed[0].name, said, len(missed))

    def _failed(self, store_id: str, entries: Sequence[WindowEntry]) -> Iterator[Finding]:
        latest = list(takewhile(lambda one: one.state is WindowState.FAILED, reversed(entries)))
        if latest:
            first, last = latest[-1], latest[0]
            windows = [one.window for one in reversed(latest)]
            said = f"실패한 회차 {span(windows)}: {last.reason}"
            yield self._finding(FAILED, store_id, first.window.name, said, len(latest))

    def _lost(self, store_id: str, entries: Sequence[WindowEntry]) -> Iterator[Finding]:
        lost = [one for one in entries if one.state is WindowState.LOST]
        if not lost:
            return
        windows = [one.window for one in lost]
        total = lost_by_rule(HealedWindow(window=one.window, lost=one.lost) for one in lost)
        counts = ", ".join(f"{rule} {number}건" for rule, number in total.items())
        command = preview_command(windows[0], windows[-1], store_id)
        said = f"놓친 문자 {counts} ({span(windows)}); {command}"
        yield self._finding(LOST, store_id, windows[-1].name, said)

    def _silent(self, store_id: str) -> Iterator[Finding]:
        """Every decided window of the last hours was empty, and they reach back that far."""
        decided = [row for row in self._rows[store_id] if row.is_decided]
        reaches = decided and decided[0].window.as_of <= self._now - self._silence
        recent = [row for row in decided if row.window.as_of > self._now - self._silence]
        if not (reaches and recent) or any(row.bookings for row in recent):
            return
        before = [row for rows in self._usual if (row := rows.get(store_id))]
        if any(row.bookings for row in (*decided, *before)):
            hours = self._services.policy.no_bookings_hours
            said = f"{hours}시간 동안 예약이 하나도 보이지 않습니다"
            yield self._finding(SILENT, store_id, "stopped", said)
        else:
            said = "예약이 한 번도 보인 적이 없습니다. 지점 번호와 권한을 확인하세요"
            yield self._finding(SILENT, store_id, "never", said)

    # -- the chain ----------------------------------------------------------------------------

    def _newest_complete(self) -> Window | None:
        """The newest window that was decided whole for every store."""
        decided = ({row.window for row in rows if row.is_decided} for rows in self._rows.values())
        return max(set.intersection(*decided), default=None) if self._rows else None

    def _days_before(self, newest: Window) -> Iterator[Mapping[str, StoreCoverage]]:
        """The same time of day on each day before, by store, as far as it was decided."""
        for days in range(1, BAND_DAYS + 1):
            then = newest.as_of - timedelta(days=days)
            rows = (row for store in self._rows for row in self._read(store, then, then))
            yield {row.store_id: row for row in rows if row.is_decided}

    def _band(self, newest: Window) -> Iterator[Finding]:
        policy = self._services.policy
        complete = [rows for rows in self._usual if len(rows) == len(self._rows)]
        if len(complete) < LEAST_DAYS:
            return
        usual = median(_bookings(rows.values()) for rows in complete)
        now = _bookings(row for rows in self._rows.values() for row in rows if row.window == newest)
        low, high = (
            usual * percent / 100 for percent in (policy.band_low_percent, policy.band_high_percent)
        )
        if usual and not low <= now <= high:
            which = "low" if now < low else "high"
            said = f"{span([newest])} 회차의 예약 {now}건, 평소 같은 시각 {usual:g}건"
            yield self._finding(OUTSIDE, CHAIN, which, said)

    def _finding(
        self, code: str, store_id: str, about: str, said: str, windows: int = 0
    ) -> Finding:
        alias = alias_of(store_id, self._services.stores) if store_id else "전체 지점"
        return Finding(
            code=code, store_id=store_id, about=about, text=f"{alias}: {said}", windows=windows
        )


def _bookings(rows: Iterable[StoreCoverage]) -> int:
    return sum(row.bookings for row in rows)
