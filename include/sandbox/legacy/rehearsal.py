"""``python -m sandbox legacy rehearse``: the stand-in as a process that speaks JSON lines.

One request a line on stdin, one answer a line on stdout. ``begin`` makes the chain and the table
as it was left by two days of runs; ``look`` tells which bookings look other than before; ``run``
does one run and tells its writes and texts, what the switches changed in it, and what it skipped
for want of a phone. The caller owns time.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, TextIO

from sandbox.clock import KST
from sandbox.legacy.bugs import FETCHING, Bug
from sandbox.legacy.chain import Chain
from sandbox.legacy.effects import Act, acts, effects
from sandbox.legacy.reading import Payload, Span
from sandbox.legacy.run import RUN_EVERY, Outcome, Run
from sandbox.legacy.table import RowsInMemory
from sandbox.world.recipe import Recipe

WARM_UP = timedelta(days=2)
SMALL_PAGE = 60
STARTED_AFTER = timedelta(seconds=20)
"""From the schedule's instant to the first booking looked at: the login, the lists."""
NO_BUGS: frozenset[Bug] = frozenset()

Answer = dict[str, Any]


class Rehearsal:
    """The state of one rehearsal: the predecessor, its twin without bugs, and who has no phone."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._bugs = frozenset(Bug(name) for name in order["bugs"])
        at = datetime.fromisoformat(order["at"]).astimezone(KST)
        recipe = Recipe(order["seed"], at, order["stores"], order["bookings"])
        self._chain = Chain(recipe, order["days"], self._bugs)
        self.page_rows = SMALL_PAGE if Bug.L8 in self._bugs else 0
        self._table = RowsInMemory(page_rows=self.page_rows)
        self._texts = order["texts"]
        self._warm_up(at)
        self._twin = RowsInMemory(self._table.rows.values())
        self._without_phone = RowsInMemory()

    def _warm_up(self, until: datetime) -> None:
        at = until - WARM_UP
        while at < until:
            self._run(at, self._table, self._bugs & FETCHING)
            at += RUN_EVERY

    def begun(self) -> Answer:
        """The table as the campaign finds it."""
        rows = list(self._table.rows.values())
        return {"rows": rows, "stores": self._chain.stores, "page_rows": self.page_rows}

    def look(self, at: datetime) -> Answer:
        """Bookings that changed since the last look."""
        self._chain.live_until(at)
        return {"changed": self._chain.changed(at)}

    def run(self, at: datetime) -> Answer:
        """One run; instants as text."""
        done, did = self._acts(at, self._table, self._bugs)
        changed = effects(self._acts(at, self._twin, NO_BUGS)[1], did) if self._bugs else []
        return {
            "writes": [{**write, "at": write["at"].isoformat()} for write in done.writes],
            "sent": [{**asdict(text), "at": text.at.isoformat()} for text in done.sent],
            "effects": changed,
            "without_phone": self._for_want_of_a_phone(at),
        }

    def _for_want_of_a_phone(self, at: datetime) -> list[dict[str, str]]:
        """What this run would have decided, had those without a phone had one."""
        _, found = self._acts(at, self._without_phone, NO_BUGS, with_phone=False)
        flags = [act for act in found if act[0] == "db"]
        return [{"booking_num": number, "kind": kind} for _, number, _, kind, _ in flags]

    def _acts(
        self, at: datetime, table: RowsInMemory, bugs: frozenset[Bug], *, with_phone: bool = True
    ) -> tuple[Outcome, Counter[Act]]:
        before = {key: dict(row) for key, row in table.rows.items()}
        done = self._run(at, table, bugs, with_phone=with_phone)
        return done, acts(before, table.rows, done.sent)

    def _run(
        self, at: datetime, table: RowsInMemory, bugs: frozenset[Bug], *, with_phone: bool = True
    ) -> Outcome:
        self._chain.live_until(at)
        # What begins in exactly two hours is an occasion only for a run that begins on the dot.
        now = at if Bug.L15 in self._bugs else at + STARTED_AFTER

        def listing(store: str, status: str, span: Span | None) -> list[Payload]:
            found = self._chain.listed(store, status, span, now)
            return found if with_phone else [_lend(one) for one in found if not one["phone"]]

        return Run(now, table, listing, self._chain.stores, self._texts, bugs).go()


def _lend(payload: Payload) -> Payload:
    return {**payload, "phone": "none"}


def serve(lines: Iterable[str], out: TextIO) -> None:
    """Answer until the other side closes."""
    rehearsal: Rehearsal | None = None
    for line in lines:
        order = json.loads(line)
        if order["op"] == "begin":
            rehearsal = Rehearsal(order)
            answer = rehearsal.begun()
        elif rehearsal is None:
            raise ValueError("the first order must be: begin")
        else:
            at = datetime.fromisoformat(order["at"]).astimezone(KST)
            answer = rehearsal.look(at) if order["op"] == "look" else rehearsal.run(at)
        out.write(json.dumps(answer, ensure_ascii=False) + "\n")
        out.flush()
