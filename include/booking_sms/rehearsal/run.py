"""Rehearses a campaign: each window is extracted, planned, loaded, read and compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from booking_sms import workflow
from booking_sms.domain.booking import KST
from booking_sms.domain.errors import ActionRefused
from booking_sms.domain.window import WINDOW_LENGTH, Window
from booking_sms.parity.shadow.compare import compare
from booking_sms.parity.shadow.model import DB, SMS, Compared, Finding
from booking_sms.rehearsal.stand_in import StandIn
from booking_sms.rehearsal.world import RehearsedApplication
from booking_sms.workflow.campaign_start import bootstrap
from booking_sms.workflow.shadowing import campaign_sides, require_open

FIRST = datetime(2026, 3, 2, 14, 0, tzinfo=KST)
EXTRACTED_AFTER = timedelta(seconds=20)
READ_AFTER = timedelta(minutes=10)
TOLERATED, EXPLAINED = "tolerated", "explained"
EXPECTED: Mapping[str, str] = {
    "L1": SMS,
    "L3": SMS,
    "L5": DB,
    "L7": EXPLAINED,
    "L8": EXPLAINED,
    "L9": EXPLAINED,
    "L10": SMS,
    "L11": SMS,
    "L12": DB,
    "L14": DB,
    "L15": TOLERATED,
    "L17": DB,
    "L18": EXPLAINED,
    "L19": DB,
    "L22": DB,
    "skip": DB,
    "wrong": DB,
    "late": DB,
    "one_late": TOLERATED,
    "twice": SMS,
    "wrong_text": SMS,
}
"""Where each switch of the stand-in must be found."""
Progress = Callable[[int], object]


@dataclass(frozen=True, kw_only=True)
class Orders:
    """Size and defects of one rehearsal."""

    days: float = 7
    bugs: tuple[str, ...] = ()
    seed: int = 1
    bookings: int = 400
    windows: int | None = None

    @property
    def length(self) -> int:
        """Number of windows."""
        return self.windows or round(self.days * 86_400 / WINDOW_LENGTH.total_seconds())


@dataclass
class Rehearsed:
    """What came of it. ``touched`` are the (booking, kind) where a switch made a difference."""

    result: dict[str, Any]
    compared: Compared
    differences: list[dict[str, Any]]
    touched: Counter[tuple[str, str]] = field(default_factory=Counter)
    aborted: set[datetime] = field(default_factory=set)
    alerts: int = 0
    table_untouched: bool = True

    def verdict(self, bugs: Sequence[str]) -> dict[str, Any]:
        """Whether what was switched on was found, where it had to be, and nothing else."""
        failed = self._failures(bugs)
        return {"passed": not failed, "failed": failed}

    def _failures(self, bugs: Sequence[str]) -> list[str]:
        found = list(self.result["vacuous"])
        wanted = {EXPECTED[bug] for bug in bugs}
        channels = {one.channel for one in self.compared.mismatches}
        if not wanted & {DB, SMS} and self.compared.mismatches:
            found.append(f"{len(self.compared.mismatches)} mismatches that nobody caused")
        found += [f"nothing found in channel {name}" for name in wanted & {DB, SMS} - channels]
        if EXPLAINED in wanted:
            causes = self.result["explained_by_cause"]
            missing = [bug for bug in bugs if EXPECTED[bug] == EXPLAINED and bug not in causes]
            found += [f"{bug} was not measured" for bug in missing]
        if not self.table_untouched:
            found.append("the candidate wrote the predecessor's table")
        found += self._misplaced()
        return found

    def _misplaced(self) -> list[str]:
        """A mismatch must be about a booking that the stand-in deviated at, or a lost run."""
        strange = [one for one in self.compared.mismatches if not self._is_caused(one)]
        return [f"{len(strange)} mismatches at the wrong place"] if strange else []

    def _is_caused(self, one: Finding) -> bool:
        numbers = {number for number, _ in self.touched}
        if one.booking_num in numbers:
            return True
        near = {end + step * WINDOW_LENGTH for end in self.aborted for step in range(-1, 8)}
        return one.window in near


def rehearse(orders: Orders, progress: Progress = lambda number: None) -> Rehearsed:
    """One campaign in virtual time."""
    unknown = [bug for bug in orders.bugs if bug not in EXPECTED]
    if unknown:
        raise ActionRefused(f"unknown: {', '.join(unknown)}; known: {', '.join(EXPECTED)}")
    app = RehearsedApplication(FIRST)
    order = {
        "seed": orders.seed,
        "at": FIRST.isoformat(),
        "stores": len(app.store_ids()),
        "bookings": orders.bookings,
        "days": int(orders.length * WINDOW_LENGTH / timedelta(days=1)) + 2,
        "bugs": list(orders.bugs),
        "texts": app.static_texts(),
    }
    with StandIn(order) as stand_in:
        app.table.page_rows = stand_in.begun["page_rows"]
        for row in stand_in.begun["rows"]:
            app.apply({"op": "put", "item": row})
        return _Campaign(app, stand_in, orders).run(progress)


class _Campaign:
    def __init__(self, app: RehearsedApplication, stand_in: StandIn, orders: Orders) -> None:
        self._app = app
        self._stand_in = stand_in
        self._orders = orders
        self._touched: Counter[tuple[str, str]] = Counter()
        self._aborted: set[datetime] = set()
        self._table_untouched = True

    def run(self, progress: Progress) -> Rehearsed:
        app = self._app
        app.set_time(FIRST - WINDOW_LENGTH + READ_AFTER)
        bootstrap(app, "rehearsal")
        first = require_open(app).first
        for number in range(self._orders.length):
            self._window(Window(first.as_of + number * WINDOW_LENGTH))
            progress(number + 1)
        report = workflow.campaign_report(app)
        return Rehearsed(
            result=report["result"],
            compared=compare(campaign_sides(app, require_open(app))),
            differences=report["differences"],
            touched=self._touched,
            aborted=self._aborted,
            alerts=len(app.told.texts),
            table_untouched=self._table_untouched,
        )

    def _window(self, window: Window) -> None:
        """As it happens: the candidate's run, the predecessor's beside it, then the reads."""
        app = self._app
        app.set_time(window.as_of + EXTRACTED_AFTER)
        app.chain.update(self._stand_in.look(window.as_of + EXTRACTED_AFTER))
        before = _content(app)
        self._decide(window)
        self._table_untouched &= before == _content(app)
        self._predecessor(window)
        app.set_time(window.as_of + READ_AFTER)
        workflow.read_legacy(app, window)
        workflow.report_shadow(app, window, workflow.compare_window(app, window))

    def _decide(self, window: Window) -> None:
        app = self._app
        extracts, failed = workflow.extract_stores(app, window, app.store_ids())
        if failed:
            raise ActionRefused(f"stores failed in a rehearsal: {failed}")
        plan = workflow.plan_jobs(app, window, extracts)
        workflow.load_jobs(app, window, plan["plan_key"])

    def _predecessor(self, window: Window) -> None:
        done = self._stand_in.run(window.as_of)
        for write in done["writes"]:
            self._app.apply(write)
        self._app.texts.add(done["sent"])
        self._touched.update((one["booking_num"], one["kind"]) for one in done["touched"])
        if done["aborted"]:
            self._aborted.add(window.as_of)


def _content(app: RehearsedApplication) -> list[Iterable[Any]]:
    return [sorted(row.item.items(), key=str) for page in app.table.pages() for row in page]
