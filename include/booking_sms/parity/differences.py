"""Differences of two outcomes of one scenario, channel by channel, field by field.

Items are paired by what they are about (a message by kind and recipient, a write by its key), so
one missing message is one difference and not a shifted rest. Order counts. Values are compared
with their types: ``true`` is not ``1``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from booking_sms.domain.ledger import FLAG_OF_KIND
from booking_sms.pipeline.summary import WORD_OF_KIND

CHANNELS = ("sms", "writes", "ledger", "telegram")
"""What every outcome has."""
SLACK = "slack"
"""Lines that only sets with such rules have; compared where either side speaks of them."""
LINES = frozenset({"telegram", SLACK})
_FIELD_OF = {
    "sms": "sms",
    "writes": "writes",
    "ledger": "ledger_after",
    "telegram": "telegram",
    SLACK: SLACK,
}
_KIND_OF_FLAG = {flag: kind for kind, flag in FLAG_OF_KIND.items()}
_KIND_OF_WORD = {word: kind for kind, word in WORD_OF_KIND.items()}
_ABSENT = object()
Keyed = tuple[Hashable, int]
"""What an item is about, and which one of several about that."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One difference. ``path`` is what explanations name: channel, then field.

    ``kind`` and ``store`` are empty where the differing item does not tell them.

    ``expected`` and ``actual`` may name people: mask them before they are shown.
    """

    scenario: str
    channel: str
    path: str
    kind: str = ""
    store: str = ""
    expected: Any = field(default=None, repr=False)
    actual: Any = field(default=None, repr=False)


def items_of(outcome: Mapping[str, Any], channel: str) -> list[Any]:
    """The channel's items: messages, writes, rows, or lines that people read."""
    value = outcome.get(_FIELD_OF[channel])
    if channel in LINES and isinstance(value, str):
        return value.split("\n") if value else []
    return list(value) if isinstance(value, list) else []


def channels_of(*outcomes: Mapping[str, Any]) -> tuple[str, ...]:
    """The channels in which these outcomes are compared: Slack if any of them speaks of it."""
    return (*CHANNELS, SLACK) if any(SLACK in outcome for outcome in outcomes) else CHANNELS


def differences_of(
    scenario: str, expected: Mapping[str, Any], actual: Mapping[str, Any]
) -> list[Difference]:
    """Every difference of one scenario. An error on a side differs in every channel."""
    if "error" in expected or "error" in actual:
        return [
            Difference(
                scenario=scenario,
                channel=channel,
                path=f"{channel}.error",
                expected=expected.get("error"),
                actual=actual.get("error"),
            )
            for channel in channels_of(expected, actual)
        ]
    found: list[Difference] = []
    for channel in channels_of(expected, actual):
        if _is_usable(expected, channel) and _is_usable(actual, channel):
            pair = items_of(expected, channel), items_of(actual, channel)
            found.extend(_channel(scenario, channel, *pair))
        else:
            found.append(Difference(scenario=scenario, channel=channel, path=f"{channel}.shape"))
    return found


def _is_usable(outcome: Mapping[str, Any], channel: str) -> bool:
    """Whether a side has the channel at all, as a text or as a list of objects.

    No Slack is no lines: the predecessor had none.
    """
    value = outcome.get(_FIELD_OF[channel])
    if channel == SLACK:
        return value is None or isinstance(value, str) or _is_list_of(value, str)
    if channel == "telegram":
        return isinstance(value, str)
    return _is_list_of(value, Mapping)


def _is_list_of(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(item, kind) for item in value)


def _channel(
    scenario: str, channel: str, expected: Sequence[Any], actual: Sequence[Any]
) -> Iterator[Difference]:
    """Differences in one channel: paired items' fields, lone items, then the order."""
    wanted, got = _paired(channel, expected, actual)
    for key in list(dict.fromkeys([*wanted, *got])):
        left, right = wanted.get(key, _ABSENT), got.get(key, _ABSENT)
        item = right if left is _ABSENT else left
        for path, ours, theirs in _fields(channel, left, right):
            yield Difference(
                scenario=scenario,
                channel=channel,
                path=path,
                kind=_kind(channel, path, item),
                store=_store(item),
                expected=ours,
                actual=theirs,
            )
    common = wanted.keys() & got.keys()
    before, after = ([key for key in side if key in common] for side in (wanted, got))
    if before != after:
        yield Difference(scenario=scenario, channel=channel, path=f"{channel}.order")


@dataclass(frozen=True, kw_only=True)
class Paired:
    """One item as both sides have it, or as the only side that does."""

    channel: str
    expected: Any = field(repr=False)
    actual: Any = field(repr=False)

    @property
    def in_expected(self) -> bool:
        """Whether it was recorded."""
        return self.expected is not _ABSENT

    @property
    def in_actual(self) -> bool:
        """Whether the candidate has it."""
        return self.actual is not _ABSENT

    @property
    def is_paired(self) -> bool:
        """Whether both sides have it, so that its fields can be compared."""
        return self.in_expected and self.in_actual

    def differing(self) -> Iterator[tuple[str, Any, Any]]:
        """(path, expected, actual) of what differs."""
        return _fields(self.channel, self.expected, self.actual)


def paired_items(
    channel: str, expected: Mapping[str, Any], actual: Mapping[str, Any]
) -> list[Paired]:
    """The channel's items of two outcomes, paired as ``differences_of`` pairs them."""
    wanted, got = _paired(channel, _safe(expected, channel), _safe(actual, channel))
    return [
        Paired(channel=channel, expected=wanted.get(key, _ABSENT), actual=got.get(key, _ABSENT))
        for key in dict.fromkeys([*wanted, *got])
    ]


def _safe(outcome: Mapping[str, Any], channel: str) -> list[Any]:
    return items_of(outcome, channel) if _is_usable(outcome, channel) else []


def _paired(
    channel: str, expected: Sequence[Any], actual: Sequence[Any]
) -> tuple[dict[Keyed, Any], dict[Keyed, Any]]:
    """Both sides' items by what they are about and a number; an equal key makes a pair.

    Of several about the same, equal ones are a pair wherever they stand: a message that comes
    too much is the one that nobody recorded, and not the last one.
    """
    about = _ABOUT[channel]
    wanted = _numbered((about(item), item) for item in expected)
    free: dict[Hashable, list[Keyed]] = defaultdict(list)
    for key in wanted:
        free[key[0]].append(key)
    twins = [_twin(free[about(item)], wanted, item) for item in actual]
    got: dict[Keyed, Any] = {}
    beyond: Counter[Hashable] = Counter(key[0] for key in wanted)
    for twin, item in zip(twins, actual, strict=True):
        left = free[about(item)]
        if twin is None and not left:
            beyond[about(item)] += 1
        got[twin or (left.pop(0) if left else (about(item), beyond[about(item)]))] = item
    return wanted, got


def _twin(free: list[Keyed], wanted: Mapping[Keyed, Any], item: Any) -> Keyed | None:
    """The first free key whose item is equal, no longer free then."""
    found = next((key for key in free if next(_deep("", wanted[key], item), None) is None), None)
    if found is not None:
        free.remove(found)
    return found


def _numbered(items: Iterable[tuple[Hashable, Any]]) -> dict[Keyed, Any]:
    """Items by what they are about; a second one about the same gets a number of its own."""
    times: Counter[Hashable] = Counter()
    numbered: dict[Keyed, Any] = {}
    for about, item in items:
        times[about] += 1
        numbered[about, times[about]] = item
    return numbered


def _fields(channel: str, left: Any, right: Any) -> Iterator[tuple[str, Any, Any]]:
    """(path, expected, actual) of everything that differs below one pair of items."""
    if left is _ABSENT:
        yield f"{channel}.unexpected", None, right
    elif right is _ABSENT:
        yield f"{channel}.missing", left, None
    else:
        yield from _deep(channel, left, right)


def _deep(path: str, left: Any, right: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        for name in dict.fromkeys([*left, *right]):
            yield from _deep(f"{path}.{name}", left.get(name, _ABSENT), right.get(name, _ABSENT))
    elif type(left) is not type(right) or left != right:
        yield path, _or_none(left), _or_none(right)


def _or_none(side: Any) -> Any:
    return None if side is _ABSENT else side


def _kind(channel: str, path: str, item: Any) -> str:
    """The message kind that a difference is about, as far as it says."""
    if channel == SLACK:
        return ""
    flag = _KIND_OF_FLAG.get(path.rsplit(".", 1)[-1], "")
    if channel == "sms":
        return str(item.get("kind", ""))
    if channel == "writes" and not flag:
        changed = next(iter(item.get("set") or ()), "confirm_sms")
        return _KIND_OF_FLAG.get(changed, "")
    if channel == "telegram":
        return next((kind for word, kind in _KIND_OF_WORD.items() if f" {word} " in item), "")
    return flag


def _store(item: Any) -> str:
    """The shop that an item is about: its own field, or the first half of its booking's number."""
    if not isinstance(item, Mapping):
        return ""
    number = (item.get("key") or item).get("booking_num", "")
    return str(item.get("store") or str(number).partition("_")[0])


def _about_write(item: Mapping[str, Any]) -> Hashable:
    return (item.get("op"), *_about_row(item.get("key") or {}), *sorted(item.get("set") or ()))


def _about_row(item: Mapping[str, Any]) -> tuple[Any, Any]:
    return (item.get("booking_num"), item.get("phone"))


_ABOUT: Mapping[str, Callable[[Any], Hashable]] = {
    "sms": lambda item: (item.get("kind"), item.get("to")),
    "writes": _about_write,
    "ledger": _about_row,
    "telegram": lambda line: line,
    SLACK: lambda line: line,
}
