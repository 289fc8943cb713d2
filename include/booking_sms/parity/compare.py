"""Compares the candidate's outcomes with the recorded ones, and refuses to pass on nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

from booking_sms.domain.rule import RuleSet
from booking_sms.parity.differences import (
    CHANNELS,
    Difference,
    channels_of,
    differences_of,
    items_of,
)
from booking_sms.parity.explained import Explanation, is_explained, kinds_of
from booking_sms.parity.severity import is_critical_path
from booking_sms.pipeline.summary import IDLE

Outcome = Mapping[str, Any]
Pair = tuple[Outcome, Outcome]


@dataclass(frozen=True, kw_only=True)
class ChannelCount:
    """Items on each side and differences between them. Telegram's items are lines."""

    expected: int
    actual: int
    mismatches: int

    def as_dict(self) -> dict[str, int]:
        """The published form."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class ParityReport:
    """The result of a comparison. ``channels`` has Slack only where an outcome speaks of it.

    ``unexplained`` is the headline; ``vacuous`` lists what was compared with nothing; ``expired``
    are explanations past their day, which make a run red even if they would explain nothing.
    ``noise`` are differences at fields in which the control differs from itself. The match
    percentage counts scenarios without an unexplained difference.
    """

    scenarios: int
    channels: Mapping[str, ChannelCount]
    explained: tuple[Difference, ...] = field(default=(), repr=False)
    unexplained: tuple[Difference, ...] = field(default=(), repr=False)
    vacuous: tuple[str, ...] = ()
    expired: tuple[Explanation, ...] = ()
    noise: tuple[Difference, ...] = field(default=(), repr=False)

    @property
    def passed(self) -> bool:
        """Nothing unexplained or expired, and something real was compared on both sides."""
        return not self.unexplained and not self.vacuous and not self.expired

    @property
    def match_percentage(self) -> float:
        """Share of scenarios that agree, 0 to 100; 0 of nothing. Never rounded up to 100."""
        if not self.scenarios:
            return 0.0
        differing = len({difference.scenario for difference in self.unexplained})
        return int((self.scenarios - differing) / self.scenarios * 10_000) / 100

    def with_undecided(self, scenarios: Sequence[str]) -> ParityReport:
        """The report of a candidate that decided these scenarios otherwise when asked again."""
        if not scenarios:
            return self
        reason = f"asked again, the candidate decides {len(scenarios)} scenarios otherwise"
        return replace(self, vacuous=(*self.vacuous, f"{reason}, first {scenarios[0]}"))

    def as_dict(self) -> dict[str, Any]:
        """The published form: counts only, no person."""
        return {
            "scenarios": self.scenarios,
            **{channel: self.channels[channel].as_dict() for channel in CHANNELS},
            "match_percentage": self.match_percentage,
            "explained": len(self.explained),
            "unexplained": len(self.unexplained),
        }


def compare(
    expected: Sequence[Outcome],
    actual: Sequence[Outcome],
    rules: RuleSet,
    explanations: Sequence[Explanation] = (),
    *,
    today: date,
    noise: Collection[str] = (),
) -> ParityReport:
    """Compare outcomes by scenario id. ``today`` judges which explanations still hold.

    A scenario that only one side has is an error of the other side. ``noise`` are paths that
    were learned from a control; ValueError for one that can be none.
    """
    _refuse_loud(noise)
    pairs = pairs_of(expected, actual)
    found = [
        difference
        for scenario, (left, right) in pairs.items()
        for difference in differences_of(scenario, left, right)
    ]
    channels = channels_of(*(side for pair in pairs.values() for side in pair))
    kinds = kinds_of(rules)
    heard: dict[str, list[Difference]] = {"explained": [], "noise": [], "unexplained": []}
    for difference in found:
        known = is_explained(difference, explanations, kinds, today)
        quiet = "noise" if difference.path in noise else "unexplained"
        heard["explained" if known else quiet].append(difference)
    return ParityReport(
        scenarios=len(pairs),
        channels={channel: _count(channel, pairs.values(), found) for channel in channels},
        explained=tuple(heard["explained"]),
        unexplained=tuple(heard["unexplained"]),
        noise=tuple(heard["noise"]),
        vacuous=(*_doubled(expected, actual), *_vacuous(pairs)),
        expired=tuple(entry for entry in explanations if entry.is_expired(today)),
    )


def can_be_noise(path: str) -> bool:
    """Whether a field may be noise: never in messages, never whom or what an item is about."""
    return not path.startswith("sms.") and not is_critical_path(path)


def _refuse_loud(noise: Collection[str]) -> None:
    loud = [path for path in noise if not can_be_noise(path)]
    if loud:
        raise ValueError(f"no noise can be at {', '.join(sorted(loud))}")


def pairs_of(expected: Sequence[Outcome], actual: Sequence[Outcome]) -> dict[str, Pair]:
    """Both sides' outcomes by scenario id; a side without the scenario has an error there."""
    left = {str(outcome["id"]): outcome for outcome in expected}
    right = {str(outcome["id"]): outcome for outcome in actual}
    nothing = {"error": "this side has no such scenario"}
    return {
        scenario: (left.get(scenario, nothing), right.get(scenario, nothing))
        for scenario in dict.fromkeys([*left, *right])
    }


def _doubled(expected: Sequence[Outcome], actual: Sequence[Outcome]) -> Iterable[str]:
    """An id that comes twice on a side would hide one of the two."""
    for name, side in (("expected", expected), ("actual", actual)):
        if len({str(outcome["id"]) for outcome in side}) != len(side):
            yield f"an id comes twice on the {name} side"


def _count(channel: str, pairs: Iterable[Pair], found: Iterable[Difference]) -> ChannelCount:
    sides = [(items_of(left, channel), items_of(right, channel)) for left, right in pairs]
    return ChannelCount(
        expected=sum(len(left) for left, _ in sides),
        actual=sum(len(right) for _, right in sides),
        mismatches=sum(difference.channel == channel for difference in found),
    )


def _vacuous(pairs: Mapping[str, Pair]) -> Iterable[str]:
    """What would make a pass worthless: no scenario, or a channel that is empty on a side."""
    if not pairs:
        yield "no scenario was compared"
        return
    for channel in CHANNELS:
        for side, name in enumerate(("expected", "actual")):
            items = (item for pair in pairs.values() for item in items_of(pair[side], channel))
            if not any(item != IDLE for item in items):
                yield f"{channel}: nothing on the {name} side"
