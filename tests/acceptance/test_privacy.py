"""No person of the seeded world in what leaves the tables: logs, notices, staged plans, reports."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from .world import AT, Done, Installation, World

pytestmark = [pytest.mark.integration, pytest.mark.browser]

PERSONAL = ("names", "phones", "phones_hyphenated", "emails", "devices")
SECRET = ("door_codes", "wifi_passwords")
EVENING = "2026-03-02T20:00:00+09:00"


@pytest.fixture(scope="module")
def day(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """Two windows of a whole seeded chain, with a broken store and a text in doubt."""
    world.begin(bookings=60)
    stage = tmp_path_factory.mktemp("privacy") / "stage"
    with Installation(world, stage) as chain:
        chain.ready().forget_session()
        chain.app.control.set_rollout_stage("event-at-eight", "all", by="test", reason="day")
        yield Day(world, chain)


class Day:
    """What two windows leave behind."""

    def __init__(self, world: World, chain: Installation) -> None:
        self.world, self.chain = world, chain
        logs = _Lines()
        root = logging.getLogger()
        before, root.level = root.level, logging.INFO
        root.addHandler(logs)
        try:
            self.said = "".join(done.said for done in self._live())
        finally:
            root.removeHandler(logs)
            root.setLevel(before)
        self.logged = "\n".join(logs.lines)
        self.canaries = world.control("GET", "/control/naver/canaries")

    def _live(self) -> Iterator[Done]:
        chain = self.chain
        yield chain.cli("run", "--at", AT, "--json")
        self.world.fault("naver_booking", "*", "http_500", times=None, match={"store": "900102"})
        self.world.fault("sens", "send", "drop_after_accept")
        yield chain.cli("run", "--at", EVENING)
        yield chain.cli("reconcile")
        yield chain.cli("dispatch")
        yield chain.cli("doctor")
        yield chain.cli("outbox", "stats")
        for number in sorted({job["booking_num"] for job in chain.jobs()})[:10]:
            yield chain.cli("outbox", "show", number)

    def found_in(self, text: str, *kinds: str) -> list[str]:
        """Canaries of these kinds in a text, as they are or as JSON escapes them."""
        words = [word for kind in kinds for word in self.canaries[kind]]
        return [word for word in words if word in text or json.dumps(word)[1:-1] in text]


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def staged(folder: Path, kind: str) -> list[Path]:
    return [path for path in (folder / kind).rglob("*") if path.is_file()]


def unpacked(path: Path) -> str:
    return gzip.decompress(path.read_bytes()).decode()


def test_day_was_a_real_one(day: Day) -> None:
    assert len(day.world.texts()) > 40
    assert '"browser_started": true' in day.said
    assert len(day.canaries["names"]) > 40


def test_commands_and_logs_name_nobody(day: Day) -> None:
    assert day.found_in(day.said + day.logged, *PERSONAL, *SECRET) == []


def test_slack_names_nobody(day: Day) -> None:
    notes = day.world.notes("slack")

    assert notes, "the broken store was told"
    assert day.found_in("\n".join(notes), *PERSONAL, *SECRET) == []


def test_telegram_shows_store_and_last_four_digits_only(day: Day) -> None:
    told = "\n".join(day.world.notes("telegram"))

    assert day.found_in(told, *PERSONAL, *SECRET) == []
    assert any(phone[-4:] in told for phone in day.canaries["phones"])


def test_staged_plans_are_sealed_and_all_files_are_ours_alone(day: Day) -> None:
    plans = [
        gzip.decompress(path.read_bytes()).decode() for path in staged(day.chain.stage, "plans")
    ]

    assert len(plans) == 2
    assert [list(json.loads(plan)) for plan in plans] == [["sealed"]] * 2
    assert day.found_in("".join(plans), *PERSONAL, *SECRET) == []
    modes = {path.stat().st_mode & 0o777 for path in staged(day.chain.stage, ".")}
    assert modes == {0o600}


def test_staged_bookings_leave_out_mail_and_device(day: Day) -> None:
    files = staged(day.chain.stage, "bookings")
    text = "".join(map(unpacked, files))

    assert len(files) == 15
    assert day.found_in(text, "emails", "devices", *SECRET) == []
    assert len(day.found_in(text, "names")) > 40, "the search finds what is there"


@pytest.mark.parametrize(
    ("table", "kinds"),
    [
        ("sms_windows", (*PERSONAL, *SECRET)),
        ("sms_control", (*PERSONAL, *SECRET)),
        ("sms_bodies", (*PERSONAL, *SECRET)),
        ("session", (*PERSONAL, *SECRET)),
        ("sms_jobs", ("emails", "devices", "wifi_passwords")),
    ],
)
def test_tables_hold_no_more_than_they_must(day: Day, table: str, kinds: tuple[str, ...]) -> None:
    text = json.dumps(day.chain.items(table), ensure_ascii=False, default=str)

    assert day.found_in(text, *kinds) == []


def test_keys_of_jobs_hold_no_number(day: Day) -> None:
    keys = "".join(job["booking_num"] + job["sort_key"] for job in day.chain.jobs())

    assert day.found_in(keys, "phones", "phones_hyphenated") == []


def test_cookies_are_stored_sealed(day: Day) -> None:
    assert "NID_" not in json.dumps(day.chain.items("session"), default=str)
