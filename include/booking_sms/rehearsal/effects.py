"""Holds what a comparison found against what the stand-in says that its switches changed.

The stand-in tells of each run which flags and texts a switch left out or added, beside a twin
that has none. Every difference that was found must be one of these, at its window, and each of
these that lasts beyond the tolerance must have been found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from booking_sms.domain.window import WINDOW_LENGTH
from booking_sms.parity.shadow.compare import UNKNOWN
from booking_sms.parity.shadow.model import DB, TOLERANCE, Finding

Group = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One flag or text that a switch left out of a window or added to it.

    ``to`` is the recipient's digest; ``wrote`` is the row's start, ``back``, or the text.
    """

    channel: str
    booking_num: str
    to: str
    kind: str
    wrote: str
    window: datetime
    is_added: bool

    @property
    def group(self) -> Group:
        """What it is about: a booking's flag, or the texts of a kind to a recipient."""
        return (self.channel, self.booking_num if self.channel == DB else self.to, self.kind)

    def is_same_act(self, other: Effect) -> bool:
        """Whether one left out and one added are the same act at another time."""
        one_of_them = self.is_added != other.is_added
        is_alike = self.wrote == other.wrote or (
            self.channel == DB and "" in (self.wrote, other.wrote)
        )
        return one_of_them and is_alike and abs(self.window - other.window) <= TOLERANCE

    def shows_as(self, finding: Finding) -> bool:
        """Whether a difference is this one: what it is about, and its window."""
        who = finding.booking_num if self.channel == DB else finding.to
        is_about = finding.channel == self.channel and who == self.group[1]
        is_kind = finding.kind in (self.kind, UNKNOWN)
        ends = [finding.window, *([finding.other] if finding.other else [])]
        return is_about and is_kind and any(abs(end - self.window) <= TOLERANCE for end in ends)


def strange(effects: Iterable[Effect], findings: Iterable[Finding]) -> list[Finding]:
    """Differences that no switch caused at that place and time."""
    known = list(effects)
    return [one for one in findings if not any(effect.shows_as(one) for effect in known)]


def missed(effects: Iterable[Effect], findings: Sequence[Finding], last: datetime) -> list[Effect]:
    """Effects that last and were not found. The ``last`` window is still waiting for the other."""
    due = [one for one in lasting(effects) if one.window + WINDOW_LENGTH <= last]
    return [one for one in due if not any(one.shows_as(finding) for finding in findings)]


def lasting(effects: Iterable[Effect]) -> list[Effect]:
    """Without what was only done a window earlier or later than the twin did it."""
    groups: defaultdict[Group, list[Effect]] = defaultdict(list)
    for one in effects:
        groups[one.group].append(one)
    return [one for found in groups.values() for one in _lasting(found)]


def _lasting(found: list[Effect]) -> list[Effect]:
    left: list[Effect] = []
    for one in sorted(found, key=lambda effect: (effect.window, effect.is_added)):
        twin = next((other for other in left if one.is_same_act(other)), None)
        if twin is None:
            left.append(one)
        else:
            left.remove(twin)
    return left
