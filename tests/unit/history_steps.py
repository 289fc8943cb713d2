"""What may happen in a random history, for hypothesis to draw."""

from __future__ import annotations

from typing import Any

from history_world import HistoryWorld
from hypothesis import strategies as st

NUMBER = st.integers(0, 9)
EDITS = ("move", "phone", "name", "cancel", "replace", "undo", "undo", "undo")
MODES = ("run", "run", "run", "skipped", "killed", "repeated", "store fails", "raced")
FAULTS = ("", "", "", "not_sent", "timeout_before_accept", "timeout_after_accept")

CREATE = st.tuples(st.just("create"), NUMBER, NUMBER)
EDIT = st.tuples(st.just("edit"), st.sampled_from(EDITS), NUMBER, NUMBER)
WINDOW = st.tuples(st.just("window"), st.sampled_from(MODES), st.integers(0, 4), st.booleans())
DISPATCH = st.tuples(st.just("dispatch"), st.sampled_from(FAULTS))
LATE = st.tuples(st.just("late"), NUMBER)
SELDOM = st.lists(st.one_of(LATE, CREATE, st.just(("approve",))), max_size=1)
ROUND = st.tuples(
    st.lists(EDIT, max_size=3),
    WINDOW.map(lambda step: [step]),
    SELDOM,
    st.lists(DISPATCH, max_size=1),
    st.sampled_from([[], [], [("reconcile",)]]),
).map(lambda parts: [step for part in parts for step in part])
"""Customers edit, a window ends, and what it made may wait or go out before the next one."""
STEPS = st.tuples(
    st.lists(CREATE, min_size=1, max_size=3), st.lists(ROUND, min_size=3, max_size=12)
).map(lambda parts: [*parts[0], *(step for round_ in parts[1] for step in round_)])


def live_through(world: HistoryWorld, steps: list[Any], *, approves: bool) -> None:
    """Do the steps one after the other, then let the schedule run to the end."""
    for step in steps:
        match step:
            case ("create", offset, phone):
                world.create(offset, phone)
            case ("edit", what, which, value):
                world.edit(what, which, value)
            case ("window", mode, at_write, is_after):
                world.next_window(mode, at_write, is_after=is_after)
            case ("dispatch", fault):
                world.dispatch(fault)
            case ("late", which):
                world.late_window(which)
            case ("approve",):
                world.approve()
            case _:
                world.reconcile()
    world.finish(approves=approves)
