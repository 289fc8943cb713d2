"""What a text is on the phone: the very text that was rendered, or none at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from booking_sms.workflow import poll_delivery_reports

from .world import PROJECT, Installation, World

pytestmark = pytest.mark.integration

SAID = {
    "900101": "가" * 44 + "a",  # 89 bytes
    "900102": "가" * 45,  # 90
    "900103": "가" * 45 + "a",  # 91
    "900104": "가" * 1000,  # 2,000
    "900105": "가" * 1000 + "a",  # 2,001
    "900106": "안내 😀",
    "900107": "2\u00a0층 ₩5,000 \u200b• – ❤\ufe0f",
    "900108": "뷁 안내",
}
"""The confirmation of each store: one text for each outcome in docs/messages.md."""

ARRIVES = {
    **{store: ("SMS", SAID[store]) for store in ("900101", "900102", "900108")},
    **{store: ("LMS", SAID[store]) for store in ("900103", "900104")},
    "900107": ("SMS", "2 층 ￦5,000 · - ♥"),
}
HELD = {
    "900105": "TextTooLong bytes=2001 limit=2000",
    "900106": "TextNotEncodable characters=U+1F600",
}
BROKEN = "{{ booking.coupon_name }}"
EVENING = "2026-03-02T20:00:00+09:00"
PHONE = "01000000011"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The owner's files, to be written anew."""
    home = tmp_path / "home"
    for name in ("rules", "messages", "stores"):
        shutil.copytree(PROJECT / "include" / name, home / name)
    return home


def confirm_says(files: Path, texts: dict[str, str]) -> None:
    """Each store's confirmation, as short as it may be."""
    message = {"name": "confirm", "subject": "안내", "form": "auto", "stores": texts}
    text = yaml.safe_dump(message, allow_unicode=True)
    (files / "messages" / "confirm.yaml").write_text(text, encoding="utf-8")


def phone_of(store: str) -> str:
    return f"0100000{store[-4:]}"


def job_at(chain: Installation, store: str) -> dict[str, Any]:
    (job,) = [job for job in chain.jobs() if job["store_id"] == store]
    return job


def rendered(chain: Installation, job: dict[str, Any]) -> str:
    """The text that was rendered, as it is stored."""
    return chain.app.bodies.get(job["body_sha"])


def test_the_phone_gets_the_rendered_text_or_nothing(
    world: World, chain: Installation, files: Path
) -> None:
    confirm_says(files, SAID)
    for store in SAID:
        world.book(store=store, phone=phone_of(store))

    chain.run(BOOKING_SMS_HOME=str(files))

    texts = {text["to"]: text for text in world.texts()}
    assert len(texts) == len(ARRIVES)
    for store, (kind, content) in ARRIVES.items():
        text = texts[phone_of(store)]
        assert (text["type"], text["content"], text["truncated"]) == (kind, content, False)
        assert text["content"] == rendered(chain, job_at(chain, store))
        assert text["bytes"] == text["requested_bytes"]
    for store, reason in HELD.items():
        job = job_at(chain, store)
        assert (job["state"], job["reason"]) == ("held", reason)
    assert job_at(chain, "900108")["outside_euc_kr"] == "U+BDC1"


@pytest.fixture(params=["refuse", "fail"])
def narrow_sens(world: World, request: pytest.FixtureRequest) -> Iterator[str]:
    """A SENS that takes true EUC-KR alone, and how it answers to anything else."""
    narrow = {"charset": "euc-kr", "unencodable": request.param}
    world.control("PUT", "/control/config", {"sens": narrow})
    yield request.param
    wide = {"charset": "cp949", "unencodable": "fail"}
    world.control("PUT", "/control/config", {"sens": wide})


def test_a_sens_that_takes_true_euc_kr_alone_sends_nothing_garbled(
    world: World, chain: Installation, files: Path, narrow_sens: str
) -> None:
    confirm_says(files, dict.fromkeys(SAID, "뷁 안내"))
    world.book(phone=PHONE)

    chain.run(BOOKING_SMS_HOME=str(files))
    chain.reconcile()

    assert chain.states() == {"confirm": "rejected" if narrow_sens == "refuse" else "undelivered"}
    assert any("U+BDC1" in note for note in world.notes("slack"))


def test_a_text_that_cannot_be_filled_in_is_alerted_once_in_many_windows(
    world: World, chain: Installation, files: Path
) -> None:
    confirm_says(files, {**dict.fromkeys(SAID, "안내"), "900101": BROKEN, "900102": BROKEN})
    for number in (1, 2, 3):
        world.book(phone=f"0100000001{number}", store=f"90010{number}")
    chain.run(BOOKING_SMS_HOME=str(files))
    world.book(phone="01000000014", registered_at="2026-03-02T14:10:00+09:00")

    chain.run("2026-03-02T14:20:00+09:00", BOOKING_SMS_HOME=str(files))

    held = [job for job in chain.jobs() if job["state"] == "held"]
    assert len(held) == 3
    assert {job["reason"].split(" ")[0] for job in held} == {"TextUnresolved"}
    assert [text["to"] for text in world.texts()] == ["01000000013"]
    (alert,) = [note for note in world.notes("slack") if "text confirm" in note]
    assert "2 messages held" in alert


# --- who refused advertising ------------------------------------------------------------------


def posts(world: World) -> int:
    """How often somebody asked SENS to send."""
    asked = world.control("GET", "/control/requests").get("sens", {"counts": {}})
    return sum(n for path, n in asked["counts"].items() if path.startswith("POST "))


def plan_event(world: World, chain: Installation) -> None:
    """A finished visit with an option that promises a review; its text is planned, not sent."""
    world.set_clock(EVENING)
    world.control("DELETE", "/control/requests")
    chain.keep_session(world.sign_in())
    control = chain.app.control
    control.set_rollout_stage("event-at-eight", "all", by="test", reason="test")
    control.set_kill_switch("all", True, by="test", reason="plan only")
    made = world.book(
        start="2026-03-02T15:00:00+09:00", phone=PHONE, status="RC08", options=["네이버 후기"]
    )
    number = f"900101_{made['booking_id']}"
    row = {"booking_num": number, "phone": "010-0000-0011", "name": "김시험"}
    flags = {"confirm_sms": True, "remind_sms": True, "option_sms": False, "option_time": ""}
    chain.put("sms", row | flags | {"booking_time": "2026-03-02 15:00:00"})
    chain.run(EVENING)
    assert chain.states() == {"event": "available"}
    control.set_kill_switch("all", False, by="test", reason="go on")


def test_who_refuses_between_planning_and_sending_gets_nothing(
    world: World, chain: Installation
) -> None:
    plan_event(world, chain)
    world.control("PUT", "/control/config", {"sens": {"opt_out_by_ars": [PHONE]}})

    refreshed = poll_delivery_reports(chain.app)
    sent = chain.dispatch()

    assert refreshed["opt_outs"] == 1
    assert sent == {"suppressed:opted_out": 1}
    (job,) = chain.jobs()
    assert (job["state"], job["reason"]) == ("suppressed", "opted_out")
    assert (job.get("attempt", 0), "t0" in job) == (0, False), "nothing was signed"
    assert world.texts() == []
    assert posts(world) == 0


def test_who_did_not_refuse_gets_it_as_advertising(world: World, chain: Installation) -> None:
    plan_event(world, chain)

    sent = chain.dispatch()

    assert sent == {"sent": 1}
    assert posts(world) == 1
    (text,) = world.texts(PHONE)
    assert text["contentType"] == "AD"
    assert text["content"].startswith("(광고) ")
    (row,) = [row for row in chain.items("sms_control") if row["name"].startswith("advertised#")]
    assert set(row) == {"name", "job_id", "at"}
    assert PHONE not in str(row)
