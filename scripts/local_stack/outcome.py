"""What a run of the day has to show, and whether it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from local_stack.day import WINDOWS, WindowOutcome
from local_stack.embedded_world import EmbeddedWorld

DELIVERED = "delivered"
ON_ITS_WAY = "accepted"
KINDS = frozenset({"confirm", "guide", "event"})
TEXTS_OF_A_DAY = 20


@dataclass(frozen=True)
class Before:
    """The world before the run: what its phones had, how often it was logged in to."""

    texts: int
    logins: int
    notes: int
    had_the_whole_day: bool

    @classmethod
    def of(cls, world: EmbeddedWorld) -> Before:
        """Look now."""
        whole = world.finished_windows() >= set(WINDOWS)
        return cls(len(world.inbox()), world.logins(), len(world.notes()), whole)


@dataclass
class DayOutcome:
    """Everything that the report shows and the verdict is made of."""

    before: Before
    windows: Sequence[WindowOutcome]
    texts: list[dict[str, Any]]
    all_texts: list[dict[str, Any]]
    logins: int
    notes: list[str]
    jobs: list[dict[str, Any]] = field(default_factory=list)
    reasons: list[dict[str, Any]] = field(default_factory=list)
    totals: dict[str, int] = field(default_factory=dict)
    audit: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def gather(
        cls, world: EmbeddedWorld, before: Before, windows: Sequence[WindowOutcome]
    ) -> DayOutcome:
        """Ask the phones, the owner's chat and the outbox."""
        outbox, inbox = world.booking_sms("outbox", "stats"), world.inbox()
        return cls(
            before=before,
            windows=windows,
            texts=inbox[before.texts :],
            all_texts=inbox,
            logins=world.logins() - before.logins,
            notes=world.notes()[before.notes :],
            jobs=outbox["jobs"],
            reasons=outbox["reasons"],
            totals=outbox["accounting"],
            audit=world.audit(),
        )

    @property
    def delivered(self) -> int:
        """Texts that reached a phone, in this run."""
        return _delivered(self.texts)

    @property
    def browsers(self) -> int:
        """Browsers that the session needed."""
        return sum(bool(window.session.get("browser_started")) for window in self.windows)

    def kinds_delivered(self) -> set[str]:
        """Kinds of message of which at least one reached a phone (in this world)."""
        return {row["kind"] for row in self.jobs if row["state"] == DELIVERED and row["jobs"]}

    def jobs_by(self, column: str) -> Counter[tuple[str, str]]:
        """Jobs counted by a column and state."""
        counts: Counter[tuple[str, str]] = Counter()
        for row in self.jobs:
            counts[row[column], row["state"]] += row["jobs"]
        return counts

    def problems(self) -> list[str]:
        """What did not hold; empty when all did."""
        found = [
            f"window {w.clock}: a run is not a success" for w in self.windows if not w.succeeded
        ]
        found += [
            f"window {w.clock}: the accounting identity does not hold: {w.accounting}"
            for w in self.windows
            if not w.adds_up
        ]
        on_their_way = sum(row["jobs"] for row in self.jobs if row["state"] == ON_ITS_WAY)
        found += [f"{on_their_way} texts have no final word"] if on_their_way else []
        found += self._problems_of_the_audit()
        if self.before.had_the_whole_day:
            return found + self._problems_of_a_repeated_day()
        return found + (self._problems_of_a_first_day() if self.is_the_whole_day else [])

    @property
    def is_the_whole_day(self) -> bool:
        """Whether all six windows ran."""
        return {window.clock for window in self.windows} >= set(WINDOWS)

    def _problems_of_the_audit(self) -> list[str]:
        if self.audit["matched"] < len(self.texts):
            return [f"the audit matched {self.audit['matched']} of {len(self.texts)} texts"]
        if not self.audit["is_clean"]:
            return [f"SENS's list and our jobs do not agree: {self.audit['residue']}"]
        return []

    def _problems_of_a_first_day(self) -> list[str]:
        found = []
        if (delivered := _delivered(self.all_texts)) < TEXTS_OF_A_DAY:
            found.append(f"{delivered} texts delivered, {TEXTS_OF_A_DAY} expected")
        missing = KINDS - self.kinds_delivered()
        if missing:
            found.append(f"no text of kind {', '.join(sorted(missing))} was delivered")
        if not self.before.logins and not self.browsers:
            found.append("no browser started, so nobody logged in")
        return found

    def _problems_of_a_repeated_day(self) -> list[str]:
        found = []
        if self.texts:
            found.append(f"{len(self.texts)} further texts in a world that had them all")
        if self.browsers or self.logins:
            found.append("a browser started although the session was valid")
        return found


def _delivered(texts: Iterable[dict[str, Any]]) -> int:
    return sum(text["state"] == DELIVERED for text in texts)
