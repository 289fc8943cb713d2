"""Our model of DynamoDB's bill against AWS's published rules."""

import pytest

from booking_sms.adapters.dynamodb.billing import (
    WriteUnits,
    item_bytes,
    read_units,
    write_units,
)
from booking_sms.adapters.dynamodb.table_schema import SCHEMAS
from booking_sms.adapters.dynamodb.values import to_item

JOBS = next(schema for schema in SCHEMAS if schema.name == "sms_jobs")
BODIES = next(schema for schema in SCHEMAS if schema.name == "sms_bodies")
OPEN = {"booking_num": "b", "sort_key": "s", "open_shard": 1, "due_at": "d"}
CLOSED = {"booking_num": "b", "sort_key": "s", "due_at": "d"}


@pytest.mark.parametrize(
    ("values", "size"),
    [
        ({"ab": "cd"}, 4),
        ({"ab": "가"}, 5),
        ({"가": ""}, 3),
        ({"a": True}, 2),
        ({"a": b"xyz"}, 4),
        ({"a": 1}, 3),
        ({"a": 100}, 3),
        ({"a": 1772427600123}, 9),
        ({"a": -12}, 4),
        ({"a": 0}, 2),
        ({"a": []}, 4),
        ({"a": ["x", "y"]}, 8),
        ({"a": {"b": "c"}}, 7),
        ({"a": frozenset({"xx", "y"})}, 4),
    ],
)
def test_the_size_of_an_item(values, size):
    assert item_bytes(to_item(values)) == size


@pytest.mark.parametrize(("size", "units"), [(1, 1), (1024, 1), (1025, 2), (4096, 4)])
def test_a_write_costs_a_unit_for_each_started_kilobyte(size, units):
    item = to_item({"sha256": "x" * (size - len("sha256"))})

    assert write_units(BODIES, None, item) == WriteUnits(base=units)


def test_the_larger_of_old_and_new_item_counts():
    small, large = to_item({"sha256": "x"}), to_item({"sha256": "x" * 3000})

    assert write_units(BODIES, large, small) == write_units(BODIES, small, large)
    assert write_units(BODIES, large, None) == WriteUnits(base=3)


@pytest.mark.parametrize(
    ("before", "after", "index"),
    [
        (None, OPEN, 1),
        (OPEN, OPEN | {"state": "sending"}, 0),
        (OPEN, CLOSED, 1),
        (CLOSED, CLOSED, 0),
        (None, CLOSED, 0),
        (OPEN, OPEN | {"due_at": "e"}, 2),
        (OPEN, None, 1),
    ],
)
def test_the_index_costs_when_an_entry_comes_goes_or_moves(before, after, index):
    items = [to_item(values) if values else None for values in (before, after)]

    assert write_units(JOBS, *items).index == index


def test_nothing_there_and_nothing_written_still_costs_one():
    assert write_units(BODIES, None, None) == WriteUnits(base=1)


def test_units_add_up():
    assert WriteUnits(1, 2) + WriteUnits(3, 4) == WriteUnits(4, 6)
    assert WriteUnits(5, 2).total == 7


@pytest.mark.parametrize(
    ("size", "is_strong", "units"),
    [
        pytest.param(0, True, 1, id="nothing found"),
        pytest.param(0, False, 0.5, id="nothing found, eventually consistent"),
        pytest.param(4096, True, 1, id="just one"),
        pytest.param(4097, True, 2, id="a started unit"),
        pytest.param(4097, False, 1, id="half of it"),
    ],
)
def test_a_read_costs_a_unit_for_each_started_four_kilobytes(size, is_strong, units):
    assert read_units(size, is_strong=is_strong) == units
