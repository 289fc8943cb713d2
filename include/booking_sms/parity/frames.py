"""Compared items as rows of yes and no: what Great Expectations looks at.

A row says where an item stands, on which sides it is, and which of its fields agree. It holds no
value of any item, so no person can be in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from booking_sms.parity.compare import Outcome, pairs_of
from booking_sms.parity.differences import Paired, channels_of, paired_items

Row = dict[str, Any]
FIELDS: Mapping[str, tuple[str, ...]] = {
    "sms": ("kind", "to", "store", "text"),
    "writes": ("op", "key", "item", "set"),
    "ledger": (
        "booking_num",
        "phone",
        "name",
        "booking_time",
        "confirm_sms",
        "remind_sms",
        "option_sms",
        "option_time",
    ),
    "telegram": (),
    "slack": (),
}
"""Fields that have a column of their own; the rest of an item is ``rest``."""


def frames_of(expected: Sequence[Outcome], actual: Sequence[Outcome]) -> dict[str, list[Row]]:
    """Rows per channel: one for each item of either side, in the order of the scenarios.

    A scenario that could not be decided, or that a side lacks, has the items of its other side.
    """
    pairs = pairs_of(expected, actual)
    channels = channels_of(*(side for pair in pairs.values() for side in pair))
    return {
        channel: [
            _row(scenario, channel, item)
            for scenario, (left, right) in pairs.items()
            for item in paired_items(channel, left, right)
        ]
        for channel in channels
    }


def columns_of(channel: str) -> dict[str, str]:
    """Columns of a channel's rows and their types."""
    equal = [f"{name}_equal" for name in (*FIELDS[channel], "rest")]
    return {
        "scenario": "str",
        **dict.fromkeys(("expected_present", "actual_present", *equal), "bool"),
    }


def _row(scenario: str, channel: str, item: Paired) -> Row:
    """Fields of an item that a side lacks are equal: its absence is told once, by presence."""
    differing = {path.split(".")[1] for path, *_ in item.differing()} if item.is_paired else set()
    known = FIELDS[channel]
    return {
        "scenario": scenario,
        "expected_present": item.in_expected,
        "actual_present": item.in_actual,
        **{f"{name}_equal": name not in differing for name in known},
        "rest_equal": differing <= set(known),
    }
