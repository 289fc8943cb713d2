"""Fields in which the control differs from itself: no candidate can be asked to match those.

Two outcomes of the same control are compared with each other, and the paths that differ are
noise. It is bounded: noise in messages, in whole items, in what says whom an item is about, or in
more than one scenario of a hundred is no noise but a control that cannot be trusted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from booking_sms.domain.errors import SettingsInvalid
from booking_sms.parity.compare import Outcome, can_be_noise
from booking_sms.parity.differences import Difference, differences_of
from booking_sms.parity.scenario import ScenarioInvalid

MOST_PERCENT = 1.0
"""Scenarios in which a control may differ from itself."""


class NoiseRefused(SettingsInvalid):
    """The control differs from itself where, or more often than, noise may."""


@dataclass(frozen=True, kw_only=True)
class Noise:
    """What two runs of one control showed. ``paths`` are as explanations name them."""

    scenarios: int
    differing: int
    paths: tuple[str, ...]

    @property
    def percent(self) -> float:
        """Share of scenarios in which the control differs from itself, 0 to 100."""
        return self.differing / self.scenarios * 100

    def as_dict(self) -> dict[str, Any]:
        """The published form."""
        return {
            "scenarios": self.scenarios,
            "differing": self.differing,
            "percent": round(self.percent, 3),
            "paths": list(self.paths),
        }


def learn_noise(first: Sequence[Outcome], second: Sequence[Outcome]) -> Noise:
    """The noise between two outcomes of the control; NoiseRefused where it is too much."""
    found = list(_self_differences(first, second))
    noise = Noise(
        scenarios=len(first),
        differing=len({difference.scenario for difference in found}),
        paths=tuple(sorted({difference.path for difference in found})),
    )
    forbidden = [path for path in noise.paths if not can_be_noise(path)]
    if forbidden:
        raise NoiseRefused(f"the control differs from itself at {', '.join(forbidden)}")
    if noise.percent > MOST_PERCENT:
        raise NoiseRefused(
            f"the control differs from itself in {noise.differing} of {noise.scenarios} "
            f"scenarios; at most {MOST_PERCENT:g} % may be noise"
        )
    return noise


def undecided(first: Sequence[Outcome], second: Sequence[Outcome]) -> list[str]:
    """Scenarios that a candidate decided otherwise when it was asked again, by the byte."""
    return [
        str(one["id"])
        for one, again in zip(first, second, strict=True)
        if json.dumps(one, ensure_ascii=False) != json.dumps(again, ensure_ascii=False)
    ]


def read_outcomes(path: Path) -> list[Outcome]:
    """Outcomes as ``booking-sms plan --out`` writes them; ScenarioInvalid with file and line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise ScenarioInvalid(f"{path}: cannot be read: {reason}") from None
    numbered = enumerate(text.split("\n"), start=1)
    return [_outcome(line, f"{path}:{number}") for number, line in numbered if line.strip()]


def _outcome(line: str, place: str) -> Outcome:
    try:
        outcome = json.loads(line)
    except ValueError as error:
        raise ScenarioInvalid(f"{place}: no JSON: {error}") from None
    if not isinstance(outcome, dict) or not isinstance(outcome.get("id"), str):
        raise ScenarioInvalid(f"{place}: id: is missing")
    return outcome


def _self_differences(first: Sequence[Outcome], second: Sequence[Outcome]) -> Iterator[Difference]:
    """Differences of the control with itself; NoiseRefused if the two are not of one kind."""
    again = {str(outcome["id"]): outcome for outcome in second}
    ids = [str(outcome["id"]) for outcome in first]
    if not ids or len(set(ids)) != len(ids) or sorted(ids) != sorted(str(o["id"]) for o in second):
        raise NoiseRefused("the two controls must hold the same scenarios, each once")
    for outcome in first:
        yield from differences_of(str(outcome["id"]), outcome, again[str(outcome["id"])])
