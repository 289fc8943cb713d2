"""A world for the whole folder, and a fresh installation with a fresh day for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from .world import Installation, World


def is_alive(pid: int) -> bool:
    """A zombie is dead; nobody reaps those of a daemon here."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    started = World(tmp_path_factory.mktemp("acceptance") / "world")
    started.up()
    processes = started.processes()
    yield started
    started.down()
    assert [pid for pid in processes if is_alive(pid)] == []


@pytest.fixture
def chain(world: World, tmp_path: Path) -> Iterator[Installation]:
    """The chain of studios: live, signed in, with nothing booked."""
    world.begin()
    with Installation(world, tmp_path / "stage") as made:
        yield made.ready()
