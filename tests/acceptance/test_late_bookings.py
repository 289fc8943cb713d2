"""Bookings made around the moment when their reminder is due, on the phones of the sandbox."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml

from .world import PROJECT, Installation, World

pytestmark = pytest.mark.integration

START = datetime.fromisoformat("2026-03-02T15:00:00+09:00")
WINDOWS = ("13:00", "13:20", "14:20", "15:00")
PHONE_OF_MINUTES = {minutes: f"0100000{minutes:04}" for minutes in (1, 59, 119, 120, 121)}
POLICIES = {
    "send_now": {},
    "skip": {},
    "shift": {"allowed_hours": "09:00-21:00", "deferred_to": "14:40"},
}


def two_hours_before(policy: str) -> dict[str, object]:
    """A reminder of its own kind, two hours before the visit or in its first minutes."""
    in_time = [
        {"type": "time_before_booking", "hours": 2},
        {"type": "during_visit", "first_minutes": 30},
    ]
    return {
        "name": policy.replace("_", "-"),
        "kind": policy,
        "template": "guide",
        "message_class": "information",
        "late_policy": policy,
        "when": {"all": [{"type": "booking_status", "status": "confirmed"}, {"any": in_time}]},
        "not_after": {"visit_end": "0m"},
        **POLICIES[policy],
    }


@pytest.fixture
def chain_of_three(chain: Installation, tmp_path: Path) -> Installation:
    home = tmp_path / "home"
    for part in ("stores", "messages"):
        shutil.copytree(PROJECT / "include" / part, home / part)
    (home / "rules").mkdir()
    rules = {"name": "late", "rules": [two_hours_before(policy) for policy in POLICIES]}
    (home / "rules" / "late.yaml").write_text(yaml.safe_dump(rules))
    chain.environ |= {"BOOKING_SMS_HOME": str(home), "BOOKING_SMS_RULE_SET": "late"}
    return chain


def test_each_late_policy_around_the_moment_when_a_reminder_is_due(
    world: World, chain_of_three: Installation
) -> None:
    for minutes, phone in PHONE_OF_MINUTES.items():
        made = (START - timedelta(minutes=minutes)).isoformat()
        world.book(phone=phone, start=START.isoformat(), registered_at=made, confirmed_at=made)

    for window in WINDOWS:
        chain_of_three.run(f"2026-03-02T{window}:00+09:00")

    jobs = chain_of_three.jobs()
    became = {(job["kind"], int(job["to"][-4:])): (job["state"], job.get("reason")) for job in jobs}
    assert {job["kind"] for job in jobs} == {"send_now", "skip", "shift"}
    assert len(jobs) == 3 * len(PHONE_OF_MINUTES)
    in_time = {(kind, m) for kind in ("send_now", "skip", "shift") for m in (120, 121)}
    sent_late = {("send_now", m) for m in (1, 59, 119)} | {("shift", m) for m in (59, 119)}
    assert {key for key, (state, _) in became.items() if state == "accepted"} == in_time | sent_late
    never = {("skip", m) for m in (1, 59, 119)} | {("shift", 1)}
    assert {key for key, value in became.items() if value == ("suppressed", "late")} == never
    texts = Counter(text["to"] for text in world.texts())
    assert texts == Counter(PHONE_OF_MINUTES[minutes] for _, minutes in in_time | sent_late)
