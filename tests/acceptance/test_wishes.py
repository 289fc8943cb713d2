"""What the owner asked for, each from YAML alone: files go in, phones and chats show the result."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from booking_sms.config.catalog_loader import load_catalog

from .world import PROJECT, Installation, World

pytestmark = pytest.mark.integration

NIGHT, NINE = "2026-03-02T22:00:00+09:00", "2026-12-20T21:00:00+09:00"
CANARY = {"name": "남궁카나리", "phone": "01000004321"}
RETOUCH = {"name": "전문가 보정", "count": 2, "price": 10000}


class Owner:
    """A folder of rules, texts and stores, and a chain that works by it."""

    def __init__(self, home: Path, chain: Installation) -> None:
        self.home, self.chain = home, chain
        shutil.copytree(PROJECT / "include" / "stores", home / "stores")
        shutil.copytree(PROJECT / "include" / "messages", home / "messages")
        shutil.copytree(PROJECT / "include" / "rules" / "examples", home / "rules")
        chain.environ["BOOKING_SMS_HOME"] = str(home)

    def follow(self, example: str) -> None:
        """Work by one example, in full effect."""
        self.chain.environ["BOOKING_SMS_RULE_SET"] = example
        for rule in load_catalog(self.home, example).rules.rules:
            self.chain.app.control.set_rollout_stage(rule.name, "all", by="owner", reason="try")


@pytest.fixture
def owner(chain: Installation, tmp_path: Path) -> Owner:
    return Owner(tmp_path / "home", chain)


def received(world: World) -> list[tuple[str, str]]:
    """(phone, first line) of every text."""
    return [(text["to"], text["content"].splitlines()[0]) for text in world.texts()]


def phones(world: World) -> list[str]:
    return [to for to, _ in received(world)]


def test_a_text_for_an_option_at_one_store(world: World, chain: Installation, owner: Owner) -> None:
    owner.follow("option-at-store")
    backdrop, other = {"name": "흰 배경지", "count": 1}, {"name": "리모컨", "count": 1}
    soon = {"start": "2026-03-02T18:00:00+09:00"}
    world.book(store="900101", phone="01000000011", options=[backdrop], **soon)
    world.book(store="900101", phone="01000000012", options=[other], **soon)
    world.book(store="900102", phone="01000000013", options=[backdrop], **soon)

    chain.run()
    chain.run("2026-03-02T14:20:00+09:00")

    assert phones(world) == ["01000000011"]


def test_a_text_two_hours_before_at_one_store(
    world: World, chain: Installation, owner: Owner
) -> None:
    owner.follow("two-hours-before-at-store")
    for store, phone, start in (
        ("900103", "01000000011", "16:00"),
        ("900103", "01000000012", "16:20"),
        ("900101", "01000000013", "16:00"),
    ):
        world.book(store=store, phone=phone, start=f"2026-03-02T{start}:00+09:00")

    chain.run()
    assert phones(world) == ["01000000011"]
    chain.run("2026-03-02T14:20:00+09:00")

    assert phones(world) == ["01000000011", "01000000012"]


def test_a_text_for_every_new_booking_at_every_store(
    world: World, chain: Installation, owner: Owner
) -> None:
    owner.follow("new-booking-everywhere")
    for number in range(1, 9):
        world.book(store=f"90010{number}", phone=f"0100000001{number}")

    chain.run()
    world.book(store="900105", phone="01000000019")
    chain.run("2026-03-02T14:20:00+09:00")

    assert sorted(phones(world)) == [f"0100000001{number}" for number in range(1, 10)]


def test_a_list_of_those_who_chose_an_option_twice_in_a_date_range_comes_to_slack(
    world: World, chain: Installation, owner: Owner
) -> None:
    owner.follow("option-twice-in-dates")
    world.set_clock(NINE)
    for number, (day, options) in enumerate([
        ("24", [RETOUCH]),
        ("31", [RETOUCH | {"count": 1}, RETOUCH | {"name": "전문가 보정 추가", "count": 3}]),
        ("23", [RETOUCH]),
        ("25", [RETOUCH | {"count": 1}]),
    ]):
        person = CANARY if number == 0 else {"name": "이시험", "phone": f"0100000100{number}"}
        world.book(
            store=f"90010{number + 1}",
            start=f"2026-12-{day}T12:00:00+09:00",
            options=options,
            **person,
        )

    chain.run(NINE)
    chain.run("2026-12-20T21:20:00+09:00")

    (roster,) = world.notes("slack")
    assert "방문 2건" in roster
    assert "보정 2장 - 1호점 남***리 (010-****-4321) 12월 24일(목) 12:00" in roster
    assert "보정 4장 - 2호점" in roster
    assert not [word for word in CANARY.values() if word in roster]
    assert world.texts() == []
    assert chain.ledger() == []


def test_the_days_summary_counts_what_the_day_sent(
    world: World, chain: Installation, owner: Owner
) -> None:
    shutil.copytree(PROJECT / "include" / "rules", owner.home / "rules", dirs_exist_ok=True)
    world.book(phone="01000000011", start="2026-03-02T15:00:00+09:00")
    world.book(phone="01000000012", store="900102", start="2026-03-02T15:30:00+09:00")
    world.book(phone="0212345678", store="900102", start="2026-03-02T15:30:00+09:00")
    chain.environ["BOOKING_SMS_RULE_SET"] = "legacy"
    chain.run()
    chain.reconcile()
    assert len(world.texts()) == 4

    owner.follow("daily-summary")
    world.set_clock(NIGHT)
    chain.run(NIGHT)
    chain.run("2026-03-02T22:20:00+09:00")

    told = [note for note in world.notes("telegram") if "발송 요약" in note]
    team = [note for note in world.notes("slack") if "발송 요약" in note]
    assert len(told) == len(team) == 1
    assert "오늘 방문 3건" in told[0]
    assert "보낸 문자 4건" in told[0]
    assert "- 1호점 2건" in told[0]
    assert "보류 2건" in told[0]


def test_who_did_not_get_a_text_is_told_to_the_owner_once(
    world: World, chain: Installation, owner: Owner
) -> None:
    shutil.copytree(PROJECT / "include" / "rules", owner.home / "rules", dirs_exist_ok=True)
    world.fault("sens", "send", "undelivered", times=None)
    world.book(start="2026-03-02T15:50:00+09:00", **CANARY)
    chain.environ["BOOKING_SMS_RULE_SET"] = "legacy"
    chain.run()
    chain.reconcile()

    owner.follow("sms-failure-alert")
    chain.run("2026-03-02T14:20:00+09:00")
    chain.run("2026-03-02T14:40:00+09:00")

    told = [note for note in world.notes("telegram") if "[문자 실패]" in note]
    assert len(told) == 1
    assert "1호점" in told[0]
    assert "뒷자리 4321" in told[0]
    assert CANARY["name"] not in told[0]
    assert CANARY["phone"] not in told[0]


def test_a_roster_stays_masked_whatever_its_text_asks_for(
    world: World, chain: Installation, owner: Owner
) -> None:
    text = owner.home / "rules" / "messages" / "retouch_roster.yaml"
    text.write_text(
        'name: retouch_roster\nform: notice\ntext: "{{ bookings[0].phone }}"\n', encoding="utf-8"
    )
    owner.follow("option-twice-in-dates")
    world.set_clock(NINE)
    world.book(start="2026-12-24T12:00:00+09:00", options=[RETOUCH], **CANARY)

    ran = chain.cli("run", "--at", NINE, "--json")

    assert ran.code == 0
    (job,) = chain.jobs()
    assert (job["state"], job["reason"].split(" ")[0]) == ("held", "TextUnresolved")
    assert not [note for note in world.notes("slack") if CANARY["phone"] in note]
    assert CANARY["phone"] not in ran.said
