"""Clock, faults, state on disk, loopback: what every service stands on."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from naver_world import kst, make_world

from sandbox.app import build_context
from sandbox.clock import WorldClock, parse_instant
from sandbox.faults import Fault, FaultBook
from sandbox.loopback import NotLoopbackError, require_loopback
from sandbox.service import Configurable, DeclaresFaults, ServiceState
from sandbox.state_file import StateFile, stored_recipe
from sandbox.world.recipe import Recipe

ANYWHERE = "0.0.0.0"  # noqa: S104 - must be refused


def test_fixed_clock_stands_and_ticking_clock_goes() -> None:
    seconds = [0.0]
    clock = WorldClock(kst("14:00"), "fixed", monotonic=lambda: seconds[0])

    seconds[0] = 60
    assert clock.now() == kst("14:00")
    clock.set(clock.now(), "ticking")
    seconds[0] = 90
    assert clock.now() == kst("14:00") + timedelta(seconds=30)


def test_real_clock_follows_the_transport_clock_in_seoul() -> None:
    real = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)

    clock = WorldClock(kst("14:00"), "real", real=lambda: real)

    assert clock.now() == kst("14:00")
    assert clock.now().utcoffset() == timedelta(hours=9)


def test_clock_refuses_an_instant_without_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        WorldClock(datetime(2026, 3, 2))  # noqa: DTZ001 - the point of the test


def test_instants_without_offset_are_seoul() -> None:
    assert parse_instant("2026-03-02T14:00:00") == kst("14:00")
    assert parse_instant("2026-03-02T05:00:00Z") == kst("14:00")


def test_faults_are_taken_in_order_and_used_up() -> None:
    book = FaultBook()
    for kind in ("first", "second"):
        book.add(Fault("sens", "send", kind))

    taken = [book.take("sens", "send") for _ in range(3)]

    assert [fault.kind if fault else None for fault in taken] == ["first", "second", None]


@pytest.mark.parametrize(
    ("match", "hit"),
    [
        pytest.param({}, True, id="no condition"),
        pytest.param({"store": "900103"}, True, id="equal"),
        pytest.param({"store": 900103}, True, id="number for text"),
        pytest.param({"store": ["900101", "900103"]}, True, id="any of"),
        pytest.param({"store": "900104"}, False, id="another"),
        pytest.param({"to": "01000000001"}, False, id="fact not given"),
    ],
)
def test_fault_matches_given_facts(match: dict[str, object], hit: bool) -> None:
    book = FaultBook()
    book.add(Fault("naver_booking", "list,count", "http_500", match=match))

    assert (book.take("naver_booking", "list", store="900103") is not None) is hit


def test_fault_without_times_stays_until_cleared() -> None:
    book = FaultBook()
    book.add(Fault("sens", "*", "refuse", times=None))

    assert all(book.take("sens", operation) for operation in ("send", "list", "send"))
    assert book.clear("telegram") == 0
    assert book.clear("sens") == 1
    assert book.take("sens", "send") is None


def test_every_state_keeps_the_contract() -> None:
    states = build_context().services

    assert all(isinstance(state, ServiceState) for state in states.values())
    assert {name for name, state in states.items() if state.name != name} == set()
    declaring = {name for name, state in states.items() if isinstance(state, DeclaresFaults)}
    assert declaring == set(states) - {"world"}
    configurable = {name for name, state in states.items() if isinstance(state, Configurable)}
    assert configurable == {"sens", "telegram", "slack"}


def test_whole_state_survives_the_process(tmp_path: Path) -> None:
    world, path = make_world(bookings=5), tmp_path / "state.json"
    session = world.account.open_session(world.context.config.naver)
    world.at("20:00").fault("sens", "send", "refuse")
    world.context.config.update_naver({"page_size_limit": 7})
    StateFile(path, world.context).save()

    context = build_context(stored_recipe(path))
    restored = StateFile(path, context).restore()

    assert restored
    assert context.clock.now() == kst("20:00")
    assert [fault.kind for fault in context.faults.list()] == ["refuse"]
    assert context.config.naver.page_size_limit == 7
    dumps = {name: state.dump() for name, state in context.services.items()}
    assert dumps == {name: state.dump() for name, state in world.context.services.items()}
    assert session.ses in str(dumps["naver_login"])


def test_state_file_is_private_and_its_version_is_checked(tmp_path: Path) -> None:
    path, context = tmp_path / "state.json", build_context(Recipe(bookings=0))
    StateFile(path, context).save()

    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 99}))
    with pytest.raises(ValueError, match="version 99"):
        StateFile(path, context).restore()


def test_vanished_folder_is_told_and_saving_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.state_file.LONGEST_PAUSE", 0.01)
    folder, context = tmp_path / "gone", build_context(Recipe(bookings=0))
    state = StateFile(folder / "state.json", context)

    async def live() -> None:
        keeper = asyncio.create_task(state.keep())
        context.mark_dirty()
        await asyncio.sleep(0.4)
        folder.mkdir()
        context.mark_dirty()
        await asyncio.sleep(0.4)
        keeper.cancel()

    asyncio.run(live())

    assert "could not be written" in capsys.readouterr().err
    assert (folder / "state.json").exists()


def test_missing_state_file_restores_nothing(tmp_path: Path) -> None:
    context = build_context(Recipe(bookings=0))

    assert not StateFile(tmp_path / "none.json", context).restore()
    assert stored_recipe(tmp_path / "none.json") is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3"])
def test_loopback_is_accepted(host: str) -> None:
    assert require_loopback(host) == host


@pytest.mark.parametrize("host", [ANYWHERE, "10.0.0.1", "localhost", "", "::1"])
def test_everything_else_is_refused(host: str) -> None:
    with pytest.raises(NotLoopbackError, match="loopback"):
        require_loopback(host)
