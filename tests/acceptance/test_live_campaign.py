"""A shadow campaign in a living world: the stand-in writes and sends, the candidate watches."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from booking_sms.rehearsal.world import static_texts

from .world import PROJECT, Installation, World

pytestmark = pytest.mark.integration

BEGIN = "2026-03-02T13:45:00+09:00"
FIRST = datetime.fromisoformat("2026-03-02T14:00:00+09:00")
EVERY = timedelta(minutes=20)
RULES = {"BOOKING_SMS_RULE_SET": "legacy"}


@pytest.fixture
def watching(world: World, tmp_path: Path) -> Iterator[Installation]:
    """The predecessor has run once, the candidate is in comparison mode, a campaign is open."""
    world.begin(BEGIN, bookings=40)
    with Installation(world, tmp_path / "stage") as made:
        made.environ |= RULES
        for command in (
            ("doctor", "--fix"),
            ("control", "set-mode", "comparison", "--by", "test", "--reason", "campaign"),
        ):
            made.cli(*command)
        (tmp_path / "texts.json").write_text(json.dumps(static_texts(made.app)))
        predecessor(made, "--at", BEGIN)
        opened = made.cli("campaign", "bootstrap", "--json")
        assert opened.code == 0, opened.said
        yield made
    world.control("PUT", "/control/config", {"sens": {"clock_shift_s": 0, "skew_limit_s": 300}})


def predecessor(made: Installation, *arguments: str) -> dict[str, Any]:
    """One run of the stand-in beside this installation."""
    command = ["legacy", "run", "--dir", str(made.world.folder), "--table-prefix", made.prefix]
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", *command, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=PROJECT,
        env=os.environ | {"PYTHONPATH": str(PROJECT / "include")},
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def move(world: World, at: datetime) -> None:
    """Both clocks: SENS lives in real time, and its list must speak of the world's windows."""
    world.set_clock(at.isoformat())
    shift = (at - datetime.now(UTC)).total_seconds()
    sens = {"clock_shift_s": shift, "skew_limit_s": 2 * abs(shift), "list_delay_s": 0}
    world.control("PUT", "/control/config", {"sens": sens})


def live(made: Installation, *bugs: str) -> dict[str, Any]:
    """Three windows as they happen; the campaign's result."""
    switches = [part for bug in bugs for part in ("--bug", bug)]
    texts = ("--send", "--texts", str(made.stage.parent / "texts.json"))
    for number in range(3):
        end = FIRST + number * EVERY
        registered = (end - timedelta(minutes=9)).isoformat()
        made.world.book(
            start=(end + timedelta(minutes=50)).isoformat(),
            registered_at=registered,
            confirmed_at=registered,
        )
        move(made.world, end + timedelta(seconds=15))
        made.run(end.isoformat())
        sent = predecessor(made, *texts, *switches)
        assert (sent["sent"] > 0, sent["refused"]) == (True, 0)
        move(made.world, end + timedelta(minutes=10))
        observed = made.cli("campaign", "observe", "--json")
        assert observed.code == 0, observed.said
    return dict(made.cli("campaign", "status", "--json").json)


def test_three_windows_beside_the_predecessor_agree_in_flags_and_texts(
    watching: Installation,
) -> None:
    report = live(watching)

    result = report["result"]
    assert (result["mismatches"], report["differences"]) == (0, [])
    assert result["windows"] == 3
    assert result["vacuous"] == []
    assert min(result["legacy_items"], result["candidate_items"]) >= 6
    assert min(result["channels"][name]["equal"] for name in ("db", "sms")) >= 6
    assert watching.jobs() == []


def test_texts_that_are_sent_twice_are_found_over_the_wire(watching: Installation) -> None:
    report = live(watching, "L11")

    result = report["result"]
    assert result["channels"]["db"]["mismatches"] == 0
    assert result["channels"]["sms"]["mismatches"] > 0
    assert {one["what"] for one in report["differences"]} == {
        "a text that the candidate did not decide"
    }
    assert {one["window"] for one in report["differences"]} == {
        (FIRST + number * EVERY).isoformat() for number in range(2)
    }
