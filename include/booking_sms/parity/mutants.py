"""Kinds of faults that a candidate's outcome can have, for the proof that the comparator sees them.

A mutant is an outcome with one fault put in. Each kind names the channel in which the comparator
must report it, and answers None where an outcome has nothing for it to spoil.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from booking_sms.domain.ledger import FLAG_OF_KIND
from booking_sms.parity.differences import SLACK, items_of
from booking_sms.pipeline.summary import IDLE

Outcome = dict[str, Any]
Item = dict[str, Any]
Spoil = Callable[[Outcome], Outcome | None]
STRANGER = "01000009990"
STRANGERS_KEY = {"booking_num": "900199_1", "phone": "010-0000-9990"}
OTHER_STORE = "900199"
FLAGS = tuple(FLAG_OF_KIND.values())


@dataclass(frozen=True, kw_only=True)
class MutantKind:
    """One kind of fault: its name, the channel that shows it, and what it does to an outcome."""

    name: str
    channel: str
    spoil: Spoil

    def of(self, outcome: Mapping[str, Any]) -> Outcome | None:
        """The outcome with this fault; None if it has nothing to spoil.

        Raises ValueError for a fault that changed nothing: killing it would prove nothing.
        """
        original = dict(outcome)
        mutant = self.spoil(deepcopy(original))
        if mutant is not None and _is_same(mutant, original):
            raise ValueError(f"the mutant {self.name} of {outcome['id']} changes nothing")
        return mutant


def _is_same(left: Any, right: Any) -> bool:
    """Equality by value and type: True is not 1."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return list(left) == list(right) and all(_is_same(left[name], right[name]) for name in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(_is_same, left, right))
    return bool(left == right)


# --- faults of lists: messages, writes, rows ----------------------------------------------------


def _on_list(channel: str, change: Callable[[list[Any]], list[Any] | None]) -> Spoil:
    """A fault of a channel's whole list; None if the change finds nothing."""

    def spoil(outcome: Outcome) -> Outcome | None:
        changed = change(outcome[channel])
        return None if changed is None else outcome | {channel: changed}

    return spoil


def _on_item(channel: str, change: Callable[[Item], Item | None]) -> Spoil:
    """A fault of the first item of a channel that the change fits."""

    def spoil(outcome: Outcome) -> Outcome | None:
        for index, item in enumerate(outcome[channel]):
            changed = change(deepcopy(item))
            if changed is not None:
                items = [*outcome[channel][:index], changed, *outcome[channel][index + 1 :]]
                return outcome | {channel: items}
        return None

    return spoil


def _drop_first(items: list[Any]) -> list[Any] | None:
    return items[1:] if items else None


def _drop_last(items: list[Any]) -> list[Any] | None:
    return items[:-1] if items else None


def _drop_all(items: list[Any]) -> list[Any] | None:
    return [] if items else None


def _double_first(items: list[Any]) -> list[Any] | None:
    return [items[0], *items] if items else None


def _swap_first_different(items: list[Any]) -> list[Any] | None:
    """The first item and the next one that is not its equal change places."""
    for index in range(1, len(items)):
        if items[index] != items[0]:
            swapped = list(items)
            swapped[0], swapped[index] = items[index], items[0]
            return swapped
    return None


def _without_channel(channel: str) -> Spoil:
    def spoil(outcome: Outcome) -> Outcome | None:
        return {name: value for name, value in outcome.items() if name != channel}

    return spoil


def _adding(item: Item) -> Callable[[list[Any]], list[Any]]:
    return lambda items: [*items, item]


# --- faults of fields ---------------------------------------------------------------------------


def _setting(name: str, value: Callable[[Any], Any]) -> Callable[[Item], Item | None]:
    """The field with another value; None where the item has no such field."""
    return lambda item: item | {name: value(item[name])} if name in item else None


def _dropping(name: str) -> Callable[[Item], Item | None]:
    def change(item: Item) -> Item | None:
        return {key: value for key, value in item.items() if key != name} if name in item else None

    return change


def _extra_field(item: Item) -> Item:
    return item | {"note": "extra"}


def _within(name: str, change: Callable[[Item], Item | None]) -> Callable[[Item], Item | None]:
    """A fault of an object inside the item."""

    def inner(item: Item) -> Item | None:
        changed = change(item[name]) if name in item else None
        return None if changed is None else item | {name: changed}

    return inner


def _last_digit(text: str) -> str:
    return text[:-1] + str((int(text[-1]) + 1) % 10)


def _hyphened(digits: str) -> str:
    return f"{digits[:3]}-{digits[3:7]}-{digits[7:]}"


def _other_kind(kind: str) -> str:
    return "guide" if kind != "guide" else "confirm"


def _flipped(flag: bool) -> bool:
    return not flag


def _a_second_later(text: str) -> str:
    return f"{text[:-2]}{(int(text[-2:]) + 1) % 60:02}"


def _other_recipient(outcome: Outcome) -> Outcome | None:
    """The first message goes to the recipient of another one: the wrong customer's code."""
    messages = outcome["sms"]
    for other in messages[1:]:
        if other["to"] != messages[0]["to"]:
            first = messages[0] | {"to": other["to"]}
            return outcome | {"sms": [first, *messages[1:]]}
    return None


def _other_operation(item: Item) -> Item:
    return item | {"op": "update" if item["op"] == "put" else "put"}


def _other_flag(item: Item) -> Item | None:
    """An update that sets another kind's flag than the one that was sent."""
    if not item.get("set"):
        return None
    (name, value), *rest = item["set"].items()
    other = FLAGS[(FLAGS.index(name) + 1) % len(FLAGS)]
    return item | {"set": {other: value, **dict(rest)}}


def _any_flag(value: Callable[[Any], Any]) -> Callable[[Item], Item | None]:
    """The first flag that a write sets or puts, with another value."""

    def change(item: Item) -> Item | None:
        for part in ("item", "set"):
            name = next((flag for flag in FLAGS if flag in item.get(part, {})), None)
            if name is not None:
                return item | {part: item[part] | {name: value(item[part][name])}}
        return None

    return change


# --- faults of the summary ----------------------------------------------------------------------


def _on_summary(change: Callable[[str], str | None]) -> Spoil:
    """A fault of the text that the owner reads; an idle run's has nothing to spoil."""

    def spoil(outcome: Outcome) -> Outcome | None:
        text = outcome["telegram"]
        changed = None if text == IDLE else change(text)
        return None if changed is None else outcome | {"telegram": changed}

    return spoil


def _on_lines(change: Callable[[list[Any]], list[Any] | None]) -> Spoil:
    def lines(text: str) -> str | None:
        changed = change(text.split("\n"))
        return None if changed is None else "\n".join(changed)

    return _on_summary(lines)


def _replaced(old: str, new: str) -> Callable[[str], str | None]:
    return lambda text: text.replace(old, new, 1) if old in text else None


# --- faults of lines in Slack: idle where the outcomes have none ---------------------------------


def _on_slack(change: Callable[[list[Any]], list[Any] | None]) -> Spoil:
    def spoil(outcome: Outcome) -> Outcome | None:
        lines = items_of(outcome, SLACK)
        changed = change(lines) if lines else None
        return None if changed is None else outcome | {SLACK: changed}

    return spoil


def _first_line(change: Callable[[str], str]) -> Spoil:
    return _on_slack(lambda lines: [change(lines[0]), *lines[1:]])


def _raised(outcome: Outcome) -> Outcome:
    return {"id": outcome["id"], "error": "RuntimeError: the candidate raised"}


def _kinds_of(channel: str, spoils: Mapping[str, Spoil]) -> Sequence[MutantKind]:
    return [
        MutantKind(name=f"{channel}.{name}", channel=channel, spoil=spoil)
        for name, spoil in spoils.items()
    ]


def _list_faults(channel: str, stranger: Item) -> dict[str, Spoil]:
    """What can happen to any list of items."""
    return {
        "first_dropped": _on_list(channel, _drop_first),
        "last_dropped": _on_list(channel, _drop_last),
        "all_dropped": _on_list(channel, _drop_all),
        "doubled": _on_list(channel, _double_first),
        "order_swapped": _on_list(channel, _swap_first_different),
        "unexpected_item": _on_list(channel, _adding(stranger)),
        "extra_field": _on_item(channel, _extra_field),
        "channel_missing": _without_channel(channel),
    }


SMS = _kinds_of(
    "sms",
    _list_faults("sms", {"kind": "confirm", "to": STRANGER})
    | {
        "recipient_changed": _on_item("sms", _setting("to", _last_digit)),
        "recipient_of_another": _other_recipient,
        "recipient_hyphened": _on_item("sms", _setting("to", _hyphened)),
        "recipient_as_number": _on_item("sms", _setting("to", int)),
        "recipient_missing": _on_item("sms", _dropping("to")),
        "kind_changed": _on_item("sms", _setting("kind", _other_kind)),
        "store_of_another": _on_item("sms", _setting("store", lambda _: OTHER_STORE)),
        "store_missing": _on_item("sms", _dropping("store")),
        "store_as_number": _on_item("sms", _setting("store", int)),
        "store_added": _on_item(
            "sms", lambda item: None if "store" in item else item | {"store": OTHER_STORE}
        ),
    },
)
WRITES = _kinds_of(
    "writes",
    _list_faults("writes", {"op": "update", "key": STRANGERS_KEY, "set": {FLAGS[0]: True}})
    | {
        "operation_changed": _on_item("writes", _other_operation),
        "booking_changed": _on_item("writes", _within("key", _setting("booking_num", _last_digit))),
        "phone_changed": _on_item("writes", _within("key", _setting("phone", _last_digit))),
        "flag_flipped": _on_item("writes", _any_flag(_flipped)),
        "flag_as_number": _on_item("writes", _any_flag(int)),
        "flag_as_text": _on_item("writes", _any_flag(lambda flag: str(flag).lower())),
        "other_flag": _on_item("writes", _other_flag),
        "second_later": _on_item(
            "writes", _within("item", _setting("booking_time", _a_second_later))
        ),
        "name_changed": _on_item(
            "writes", _within("item", _setting("name", lambda name: f"{name}?"))
        ),
        "attribute_missing": _on_item("writes", _within("item", _dropping("option_time"))),
        "item_missing": _on_item("writes", _dropping("item")),
    },
)
LEDGER = [
    MutantKind(name=kind.name.replace("ledger_after", "ledger"), channel="ledger", spoil=kind.spoil)
    for kind in _kinds_of(
        "ledger_after",
        _list_faults("ledger_after", {**STRANGERS_KEY, FLAGS[0]: True})
        | {f"{flag}_flipped": _on_item("ledger_after", _setting(flag, _flipped)) for flag in FLAGS}
        | {
            "flag_as_number": _on_item("ledger_after", _setting(FLAGS[0], int)),
            "flag_missing": _on_item("ledger_after", _dropping(FLAGS[1])),
            "booking_changed": _on_item("ledger_after", _setting("booking_num", _last_digit)),
            "phone_changed": _on_item("ledger_after", _setting("phone", _last_digit)),
            "second_later": _on_item("ledger_after", _setting("booking_time", _a_second_later)),
            "name_changed": _on_item("ledger_after", _setting("name", lambda name: f"{name} ")),
        },
    )
]
TELEGRAM = _kinds_of(
    "telegram",
    {
        "line_dropped": _on_lines(lambda lines: lines[1:] if len(lines) > 1 else None),
        "line_doubled": _on_lines(_double_first),
        "lines_swapped": _on_lines(_swap_first_different),
        "character_changed": _on_summary(lambda text: text[:-1] + "?"),
        "character_added": _on_summary(lambda text: text[:3] + "." + text[3:]),
        "character_removed": _on_summary(lambda text: text[:-1]),
        "space_at_the_end": _on_summary(lambda text: text + " "),
        "line_at_the_end": _on_summary(lambda text: text + "\n"),
        "digit_changed": _on_summary(
            lambda text: _last_digit(text[:13]) + text[13:] if text[:13][-1].isdigit() else None
        ),
        "result_changed": _on_summary(_replaced("완료", "실패")),
        "idle_instead": _on_summary(lambda text: IDLE),
        "empty": _on_summary(lambda text: ""),
        "channel_missing": _without_channel("telegram"),
    },
)
SLACK_LINES = _kinds_of(
    SLACK,
    {
        "line_dropped": _on_slack(_drop_first),
        "last_line_dropped": _on_slack(_drop_last),
        "line_doubled": _on_slack(_double_first),
        "lines_swapped": _on_slack(_swap_first_different),
        "character_changed": _first_line(
            lambda line: line[:-1] + ("?" if line[-1:] != "?" else "!")
        ),
        "space_at_the_end": _first_line(lambda line: line + " "),
        "channel_missing": lambda outcome: (
            _without_channel(SLACK)(outcome) if items_of(outcome, SLACK) else None
        ),
    },
)
WHOLE = [MutantKind(name="outcome.raised", channel="sms", spoil=_raised)]
KINDS: tuple[MutantKind, ...] = (*SMS, *WRITES, *LEDGER, *TELEGRAM, *SLACK_LINES, *WHOLE)
