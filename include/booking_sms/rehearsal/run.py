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
from booking_sms.parity.shadow.model import DB, Compared
from booking_sms.pipeline.comparison import phone_digest
from booking_sms.rehearsal.effects import Effect, missed, strange
from booking_sms.rehearsal.expected import EXPECTED, EXPLAINED, MISMATCH, Expected
from booking_sms.rehearsal.stand_in import StandIn
from booking_sms.rehearsal.world import RehearsedApplication, static_texts
from booking_sms.workflow.campaign_start import bootstrap
from booking_sms.workflow.shadowing import campaign_sides, require_open

FIRST = datetime(2026, 3, 2, 14, 0, tzinfo=KST)
EXTRACTED_AFTER = timedelta(seconds=20)
READ_AFTER = timedelta(minutes=10)
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
    """What came of it, and what the stand-in says that it did: see ``Effect``.

    ``without_phone`` are the (booking, kind) that it could not take, with the window of each.
    ``app`` is what was rehearsed with, for whoever judges the campaign.
    """

    app: RehearsedApplication = field(repr=False)
    result: dict[str, Any]
    compared: Compared
    differences: list[dict[str, Any]]
    effects: list[Effect] = field(default_factory=list)
    without_phone: dict[tuple[str, str], datetime] = field(default_factory=dict)
    alerts: int = 0
    table_untouched: bool = True

    def verdict(self, bugs: Sequence[str]) -> dict[str, Any]:
        """Whether what was switched on was found, all of it, in its place, and nothing else."""
        failed = self._failures([EXPECTED[bug] for bug in bugs])
        failed += [f"{bug} was not measured" for bug in self._unmeasured(bugs)]
        return {"passed": not failed, "failed": failed}

    def _failures(self, wanted: Sequence[Expected]) -> list[str]:
        last = self.compared.windows[-1] if self.compared.windows else FIRST
        odd = strange(self.effects, self.compared.findings)
        shown = [*self.compared.findings, *self.compared.not_comparable]
        lost = missed(self.effects, shown, last)
        checks = {
            "a switch that had no occasion": bool(wanted) and not self.effects,
            f"{len(odd)} differences at the wrong place": bool(odd),
            f"{len(lost)} effects were not found": bool(lost),
            "the candidate wrote the predecessor's table": not self.table_untouched,
            "other decisions without a phone than there were": not self._phones_agree(last),
        }
        told = [text for text, holds in checks.items() if holds]
        return [*self.result["vacuous"], *self._misplaced(wanted), *told]

    def _misplaced(self, wanted: Sequence[Expected]) -> list[str]:
        """The channels in which mismatches stand must be exactly those of the switches."""
        expected = {name for one in wanted if one.verdict == MISMATCH for name in one.channels}
        found = Counter(one.channel for one in self.compared.mismatches)
        nothing = [f"nothing found in channel {name}" for name in sorted(expected - set(found))]
        extra = sorted(set(found) - expected - {name for one in wanted for name in one.may})
        return nothing + [f"{found[name]} mismatches in channel {name}" for name in extra]

    def _unmeasured(self, bugs: Sequence[str]) -> list[str]:
        explained = [bug for bug in bugs if EXPECTED[bug].verdict == EXPLAINED]
        found = {(one.explained, one.channel) for one in self.compared.findings}
        return [b for b in explained if {(b, c) for c in EXPECTED[b].channels} - found]

    def _phones_agree(self, last: datetime) -> bool:
        """Decisions that only want of a phone kept from the other side: these, and no others."""
        found = {
            (one.booking_num, one.kind) for one in self.compared.not_comparable if one.channel == DB
        }
        due = {key for key, end in self.without_phone.items() if end + WINDOW_LENGTH <= last}
        return due <= found <= set(self.without_phone)


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
        "texts": static_texts(app),
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
        self._effects: list[Effect] = []
        self._without_phone: dict[tuple[str, str], datetime] = {}
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
            app=app,
            result=report["result"],
            compared=compare(campaign_sides(app, require_open(app))),
            differences=report["differences"],
            effects=self._effects,
            without_phone=self._without_phone,
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
        loaded = workflow.load_jobs(app, window, plan["plan_key"])
        workflow.report_window(app, window, extracts, loaded)

    def _predecessor(self, window: Window) -> None:
        done = self._stand_in.run(window.as_of)
        for write in done["writes"]:
            self._app.apply(write)
        self._app.texts.add(done["sent"])
        self._effects += [self._effect(one, window) for one in done["effects"]]
        for one in done["without_phone"]:
            self._without_phone.setdefault((one["booking_num"], one["kind"]), window.as_of)

    def _effect(self, told: Mapping[str, Any], window: Window) -> Effect:
        return Effect(
            channel=told["channel"],
            booking_num=told["booking_num"],
            to=phone_digest(self._app.connections.own.hmac_key, told["phone"]),
            kind=told["kind"],
            wrote=told["wrote"],
            window=window.as_of,
            is_added=told["change"] == "added",
        )


def _content(app: RehearsedApplication) -> list[Iterable[Any]]:
    return [sorted(row.item.items(), key=str) for page in app.table.pages() for row in page]
