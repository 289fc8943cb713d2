"""Fifty of the predecessor's recorded runs, relived from Naver's booking list to the phones.

``tests/golden`` proves the decisions. This proves the way there and back: the payloads go into
the simulated Naver as they were recorded, the ledger into the ``sms`` table, and what phones and
table hold afterwards must be what the predecessor left.

Where our guards act after the decision, and why no scenario differs by it:

- Review texts are advertising. They go out with AD class and label, and at 20:40:31 still inside
  the hours 08:10-20:50; the law's hours would only put off what is decided later in the evening.
- One recipient's texts go by priority (confirmations, then guides), whatever their bookings. The
  predecessor went booking by booking; it matters for one customer with two bookings.
- The review rule ships as shadow; it is set to ``all`` here, as the cutover will.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from booking_sms import workflow
from booking_sms.cli.run import run_window
from booking_sms.domain.window import Window

from .world import FIRST_STORE, Installation, World

pytestmark = pytest.mark.integration

GOLDEN = Path(__file__).resolve().parents[2] / "include/golden/legacy-decisions.jsonl"
PRIORITY = ("confirm", "guide", "event")
HEAVY = ("volume-100", "volume-200")
"""252 texts of the same making as the others: a minute of their own."""
OWN_SENDERS = {"900103": "15990103", "900107": "15990107"}
DEFAULT_SENDER = "15990100"
Scenario = dict[str, Any]


def fifty() -> list[Scenario]:
    """All named but the heavy, eight random that owe a review text, every 12th of the others."""
    scenarios = [one for one in recorded() if one["id"] not in HEAVY]
    named = [one for one in scenarios if one["category"] != "random"]
    drawn = [one for one in scenarios if one["category"] == "random"]
    owing = [one for one in drawn if "event" in kinds_of(one)]
    others = [one for one in drawn if "event" not in kinds_of(one)]
    return [*named, *owing[:8], *others[::12]][:50]


def recorded() -> list[Scenario]:
    return [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]


def cases() -> list[Any]:
    """The fifty and the heavy; every fourth of the fifty is quick enough for each change."""
    chosen = fifty()
    heavy = [one for one in recorded() if one["id"] in HEAVY]
    later = [one for number, one in enumerate(chosen) if number % 4]
    long = [pytest.param(one, marks=pytest.mark.long) for one in [*later, *heavy]]
    return [*chosen[::4], *long]


def kinds_of(scenario: Scenario) -> set[str]:
    return {message["kind"] for message in scenario["expected"]["sms"]}


def test_choice_is_wide() -> None:
    chosen = fifty()

    assert len({one["id"] for one in chosen}) == 50
    assert len({one["category"] for one in chosen}) == 7
    assert sum(one["category"] != "random" for one in chosen) == 26
    assert {kind for one in chosen for kind in kinds_of(one)} == set(PRIORITY)


@pytest.fixture(scope="module")
def simulated_fields(world: World) -> frozenset[str]:
    """Top-level fields of the simulated Naver's payloads; the recorded ones have fewer."""
    world.begin()
    made = world.book()
    return frozenset(
        world.control("GET", f"/control/naver/bookings/{FIRST_STORE}/{made['booking_id']}")
    )


@pytest.mark.parametrize("scenario", cases(), ids=lambda one: one["id"])
def test_phones_and_ledger_end_as_the_predecessor_left_them(
    world: World, simulated_fields: frozenset[str], chain: Installation, scenario: Scenario
) -> None:
    app = chain.app
    app.control.set_rollout_stage("event-at-eight", "all", by="test", reason="cutover")
    world.set_clock(scenario["now"])
    for payload in (*scenario["confirmed"], *scenario["completed"]):
        put_as_recorded(world, payload, scenario["now"], simulated_fields - payload.keys())
    for row in scenario["ledger_before"]:
        chain.put("sms", row)

    ran = run_window(app, Window(datetime.fromisoformat(scenario["now"])))
    workflow.settle_unknown_outcomes(app)
    workflow.poll_delivery_reports(app)

    assert received(world) == owed(scenario)
    assert chain.ledger() == scenario["expected"]["ledger_after"]
    assert ran["accounting"]["planned"] == len(scenario["expected"]["sms"])
    assert {job["state"] for job in chain.jobs()} <= {"delivered", "undelivered"}


def put_as_recorded(
    world: World, payload: dict[str, Any], now: str, removed: frozenset[str]
) -> None:
    """The simulated Naver answers with this very payload, ``removed`` of its own fields left out.

    Some were registered after the run's own instant; the predecessor saw them all the same.
    """
    seen = min(
        datetime.fromisoformat(payload["regDateTime"]),
        datetime.fromisoformat(now) - timedelta(minutes=1),
    )
    world.book(
        store=str(payload["businessId"]),
        booking_id=payload["bookingId"],
        start=payload["snapshotJson"]["startDateTime"],
        registered_at=seen.isoformat(),
        status=payload["bookingStatusCode"],
        phone=payload["phone"],
        edits=payload,
        removed=sorted(removed),
    )


def received(world: World) -> dict[str, list[tuple[str, str, str]]]:
    """(kind, sender, store of a guide) by phone, in the order in which they came."""
    wifi_keys = world.control("GET", "/control/naver/canaries")["wifi_passwords"]
    texts = defaultdict(list)
    for text in world.texts():
        keys = enumerate(wifi_keys, start=int(FIRST_STORE))
        store = next((str(number) for number, key in keys if key in text["content"]), "")
        texts[text["to"]].append((kind_of(text, store), text["from"], store))
    return dict(texts)


def kind_of(text: dict[str, Any], store: str) -> str:
    """By what the customer reads, not by what we meant to send."""
    if text["contentType"] == "AD":
        assert text["content"].startswith("(광고)")
        return "event"
    if store:
        return "guide"
    assert "예약이 확정되었습니다" in text["content"]
    return "confirm"


def owed(scenario: Scenario) -> dict[str, list[tuple[str, str, str]]]:
    """What the predecessor sent, each phone's texts by priority."""
    texts = defaultdict(list)
    for message in sorted(scenario["expected"]["sms"], key=lambda m: PRIORITY.index(m["kind"])):
        store = message.get("store", "")
        sender = OWN_SENDERS.get(store, DEFAULT_SENDER)
        texts[message["to"]].append((message["kind"], sender, store))
    return dict(texts)
