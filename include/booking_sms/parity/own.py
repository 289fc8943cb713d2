"""Our own expectations: what rules decide that the predecessor never had.

They have the form of a recording, but nobody recorded them: people wrote the scenarios, reviewed
what our rules decide, and pinned it. They are counted apart from parity, always: agreeing with
oneself proves stability, not that the predecessor would have done the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from booking_sms.domain.catalog import Catalog
from booking_sms.domain.errors import BookingSmsError
from booking_sms.domain.rule import Action
from booking_sms.parity.dataset import Dataset, GoldenFile, Guard, lines_of
from booking_sms.parity.differences import Difference
from booking_sms.parity.masking import shown
from booking_sms.parity.outcome import Outcome, ParseBooking, outcome_of, plan_of
from booking_sms.parity.scenario import Scenario
from booking_sms.parity.told import told
from booking_sms.pipeline.summary import IDLE

Line = Mapping[str, Any]
Decide = Callable[[GoldenFile, Line, str], Outcome]
"""The candidate: (file, line, place) to an outcome, ``{"error": ...}`` if it cannot say."""
_FIELD_OF: Mapping[Guard, str] = {"ledger": "ledger_after"}
_ABSENT = object()


@dataclass(frozen=True, kw_only=True)
class OwnResult:
    """One file's comparison; ``differences`` are masked lines, ``vacuous`` what proves nothing."""

    name: str
    scenarios: int
    matched: int
    differences: tuple[str, ...] = field(default=(), repr=False)
    vacuous: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Every scenario agrees, and there was something to agree on."""
        return not self.differences and not self.vacuous

    def as_dict(self) -> dict[str, Any]:
        """Counts only, no person."""
        return {
            "scenarios": self.scenarios,
            "matched": self.matched,
            "mismatches": len(self.differences),
            "vacuous": list(self.vacuous),
        }


def own_outcome(scenario: Scenario, catalog: Catalog, parse: ParseBooking) -> Outcome:
    """What the rules decide, notices to colleagues included; ``{"id", "error"}`` if they cannot.

    The owner's own summary comes first in ``telegram``, then what rules say there.
    """
    try:
        plan = plan_of(scenario, catalog.rules, catalog.stores, parse)
        outcome = outcome_of(scenario.id, plan)
        texts = {action: told(plan, catalog, action) for action in Action}
    except BookingSmsError as error:
        return {"id": scenario.id, "error": f"{error.code}: {error}"}
    summary = [line for line in outcome["telegram"].split("\n") if line != IDLE]
    telegram = "\n".join([*summary, *texts[Action.SEND_TELEGRAM]]) or IDLE
    return {**outcome, "telegram": telegram, "slack": "\n".join(texts[Action.SEND_SLACK])}


def check_own(dataset: Dataset, decide: Decide) -> list[OwnResult]:
    """Every own file against what the candidate decides today."""
    return [check_file(dataset, name, decide) for name in dataset.named("own")]


def check_file(dataset: Dataset, name: str, decide: Decide) -> OwnResult:
    """One own file; an error of the candidate is a difference of its scenario."""
    file, path = dataset.manifest.files[name], dataset.path(name)
    differing: list[str] = []
    matched, sides = 0, []
    for number, text in lines_of(path):
        line = json.loads(text)
        actual = decide(file, line, f"{path}:{number}")
        found = list(differences(str(line["id"]), line["expected"], actual))
        differing += [shown(one) for one in found]
        matched += not found
        sides.append((line["expected"], actual))
    return OwnResult(
        name=name,
        scenarios=len(sides),
        matched=matched,
        differences=tuple(differing),
        vacuous=tuple(_empty(file.guards, sides)) if sides else ("no scenario was compared",),
    )


def differences(scenario: str, expected: Line, actual: Line) -> Iterator[Difference]:
    """Every field in which an outcome is not the expected one; the order of a list counts."""
    found = {key: value for key, value in actual.items() if key != "id"}
    for path, left, right in _deep("", dict(expected), found):
        channel = path.split(".")[0]
        yield Difference(scenario=scenario, channel=channel, path=path, expected=left, actual=right)


def _deep(path: str, left: Any, right: Any) -> Iterator[tuple[str, Any, Any]]:
    pairs: list[tuple[str, Any, Any]] = []
    if isinstance(left, dict) and isinstance(right, dict):
        names = dict.fromkeys([*left, *right])
        pairs = [(name, left.get(name, _ABSENT), right.get(name, _ABSENT)) for name in names]
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        pairs = [(str(n), *pair) for n, pair in enumerate(zip(left, right, strict=True))]
    elif type(left) is not type(right) or left != right:
        yield path, _or_none(left), _or_none(right)
    for name, ours, theirs in pairs:
        yield from _deep(f"{path}.{name}" if path else name, ours, theirs)


def _or_none(side: Any) -> Any:
    return None if side is _ABSENT else side


def _empty(guards: tuple[Guard, ...], sides: Sequence[tuple[Line, Line]]) -> Iterator[str]:
    for guard in guards:
        for side, name in enumerate(("expected", "actual")):
            if not any(_says_something(pair[side], guard) for pair in sides):
                yield f"{guard}: nothing on the {name} side"


def _says_something(outcome: Line, guard: Guard) -> bool:
    if guard == "outcomes":
        return "error" not in outcome and bool(outcome)
    value = outcome.get(_FIELD_OF.get(guard, guard))
    return bool(value) and value != IDLE
