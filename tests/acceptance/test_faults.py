"""What goes wrong at Naver, at SENS and in between: no text twice, none lost, no booking lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .world import AT, Installation, World, eventually

pytestmark = pytest.mark.integration

PHONE = "01000000011"
SOON, LATER = "2026-03-02T15:00:00+09:00", "2026-03-04T15:00:00+09:00"
QUICK = {"BOOKING_SMS_SENS_TIMEOUT_S": "2", "BOOKING_SMS_LEASE_S": "3"}
SETTLED_SOON = {"BOOKING_SMS_SETTLE_S": "2"}


def coverage(chain: Installation) -> dict[str, str]:
    """Status of the window by store; windows of one instant only."""
    return {row["store_id"]: row["status"] for row in chain.items("sms_windows")}


def flags(chain: Installation) -> dict[str, bool]:
    """Confirmation flag by phone."""
    return {row["phone"]: row["confirm_sms"] for row in chain.ledger()}


# --- Naver ------------------------------------------------------------------------------------


@pytest.mark.browser
def test_session_that_expires_in_the_middle_of_a_run_costs_no_booking(
    world: World, chain: Installation
) -> None:
    for number, store in enumerate(("900101", "900104", "900108")):
        world.book(store=store, phone=f"0100000001{number}")
    logins = world.logins()
    world.control("POST", "/control/naver/expire-sessions", {"after_calls": 8})

    ran = chain.run()

    assert world.logins() == logins + 1
    assert ran["failed_stores"] == []
    assert len(world.texts()) == 3


def test_one_broken_store_costs_itself_only_and_the_next_run_heals_it(
    world: World, chain: Installation
) -> None:
    world.book(store="900102", phone=PHONE)
    world.book(store="900103", phone="01000000012")
    world.fault("naver_booking", "*", "http_500", times=None, match={"store": "900102"})

    broken = chain.cli("run", "--at", AT, "--json")

    assert broken.code == 1
    assert "900102" in broken.err
    assert [text["to"] for text in world.texts()] == ["01000000012"]
    assert {store for store, status in coverage(chain).items() if status != "covered"} == {"900102"}
    assert coverage(chain)["900102"] == "failed"
    assert any("900102" in note for note in world.notes("slack"))

    world.control("DELETE", "/control/faults")
    chain.run()

    assert sorted(text["to"] for text in world.texts()) == [PHONE, "01000000012"]
    assert set(coverage(chain).values()) == {"covered"}


def test_one_malformed_booking_is_counted_and_told_and_the_others_go_on(
    world: World, chain: Installation
) -> None:
    world.book(phone=PHONE)
    world.book(phone="01000000012", removed=["snapshotJson"])

    ran = chain.run()

    assert ran["quarantined"] == 1
    assert [text["to"] for text in world.texts()] == [PHONE]
    assert coverage(chain)["900101"] == "partial"
    assert coverage(chain)["900102"] == "covered"
    assert any("예약 일부 제외: 1건" in note for note in world.notes("telegram"))


# --- SENS -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        pytest.param("hang_after_accept", {"seconds": 4}, id="accepted, then silence"),
        pytest.param(
            "drop_after_accept",
            {},
            id="accepted, then the connection drops",
            marks=pytest.mark.long,
        ),
        pytest.param(
            "accept_html_body", {}, id="accepted, the 202 is unreadable", marks=pytest.mark.long
        ),
    ],
)
def test_text_in_doubt_is_found_by_its_reference_and_not_sent_again(
    world: World, chain: Installation, kind: str, params: dict[str, Any]
) -> None:
    world.book(phone=PHONE)
    world.fault("sens", "send", kind, params=params)

    ran = chain.run(**QUICK)
    assert list(ran["dispatched"]["counts"]) == [f"in_doubt:{reason_of(chain)}"]
    assert (chain.states(), chain.ledger()) == ({"confirm": "outcome_unknown"}, [])

    assert chain.dispatch(**QUICK) == {}
    assert chain.reconcile(**QUICK)["settled"]["found"] == 1

    assert chain.states() == {"confirm": "delivered"}
    assert flags(chain) == {"010-0000-0011": True}
    assert len(world.texts(PHONE)) == 1


def reason_of(chain: Installation) -> str:
    (job,) = chain.jobs()
    return str(job["reason"])


def test_text_that_never_arrived_is_sent_once_more_after_the_settle_time(
    world: World, chain: Installation
) -> None:
    world.book(phone=PHONE)
    world.fault("sens", "send", "drop_before_accept")
    chain.run()

    early = chain.reconcile()["settled"]
    assert (early["waiting"], early["resent"]) == (1, 0), "eight minutes are not over"
    assert eventually(lambda: chain.reconcile(**SETTLED_SOON)["settled"]["resent"] == 1)
    chain.dispatch()
    chain.reconcile()

    assert chain.states() == {"confirm": "delivered"}
    assert len(world.texts(PHONE)) == 1
    assert chain.dispatch() == {}


def test_text_missing_in_a_list_that_lags_is_not_sent_again(
    world: World, chain: Installation
) -> None:
    world.book(phone=PHONE)
    world.fault("sens", "list", "list_500", times=None)
    world.fault("sens", "send", "drop_after_accept")
    chain.run()

    for _ in range(3):
        settled = chain.reconcile(**SETTLED_SOON)["settled"]
        assert (settled["list_unavailable"], settled["resent"]) == (1, 0)
    world.control("DELETE", "/control/faults")

    assert chain.reconcile()["settled"]["found"] == 1
    assert len(world.texts(PHONE)) == 1


@pytest.mark.parametrize("kind", ["throttle", "rate"])
def test_throttled_text_is_tried_again_later(world: World, chain: Installation, kind: str) -> None:
    world.book(phone=PHONE)
    world.fault("sens", "send", kind)

    refused = chain.cli("run", "--at", AT, "--json").json["dispatched"]["counts"]
    assert [name.split(":")[0] for name in refused] == ["not_sent"]
    assert (chain.states(), chain.ledger()) == ({"confirm": "retryable"}, [])

    world.set_clock("2026-03-02T14:20:00+09:00")
    assert chain.dispatch() == {"sent": 1}
    assert len(world.texts(PHONE)) == 1


def test_spent_quota_stops_all_sending_and_burns_nothing(world: World, chain: Installation) -> None:
    world.book(phone=PHONE)
    world.book(phone="01000000012")
    world.fault("sens", "send", "quota")

    first = chain.cli("run", "--at", AT, "--json").json["dispatched"]
    assert first["stopped"] == ["paused_quota"]
    world.set_clock("2026-03-02T14:10:00+09:00")
    second = chain.dispatch()

    assert second == {"waiting:paused_quota": 2}
    assert {job["state"] for job in chain.jobs()} == {"retryable", "available"}
    assert (world.texts(), chain.ledger()) == ([], [])


# --- switches ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("switch", "release"),
    [
        pytest.param(("kill", "all"), ("kill", "all", "--off"), id="kill switch for all"),
        pytest.param(
            ("kill", "store:900101"),
            ("kill", "store:900101", "--off"),
            id="for a store",
            marks=pytest.mark.long,
        ),
        pytest.param(
            ("kill", "rule:confirm-first-sight"),
            ("kill", "rule:confirm-first-sight", "--off"),
            id="for a rule",
        ),
        pytest.param(("set-mode", "off"), ("set-mode", "live"), id="delivery mode off"),
    ],
)
def test_switched_off_sends_nothing_and_consumes_nothing(
    world: World, chain: Installation, switch: tuple[str, ...], release: tuple[str, ...]
) -> None:
    signed = ("--by", "owner", "--reason", "drill")
    world.book(phone=PHONE)
    chain.cli("control", *switch, *signed)

    chain.run()

    (job,) = chain.jobs()
    assert (job["state"], job["attempt"]) == ("available", 0)
    assert (world.texts(), chain.ledger()) == ([], [])
    chain.cli("control", *release, *signed)
    assert chain.dispatch() == {"sent": 1}
    assert flags(chain) == {"010-0000-0011": True}


def test_comparison_mode_leaves_plans_and_nothing_else(world: World, chain: Installation) -> None:
    chain.app.control.set_delivery_mode("comparison", by="owner", reason="campaign")
    chain.put("session", {"id": "1", "cookies": json.dumps(world.sign_in())})
    chain.forget_session()
    world.book(start=SOON, phone=PHONE)
    before = (chain.items("session"), world.logins())

    ran = chain.run()
    chain.dispatch()
    chain.reconcile()

    assert ran["planned"]["planned"] == 2
    (plan,) = chain.items("sms_plans")
    assert PHONE not in str(plan)
    assert (chain.jobs(), chain.ledger(), world.texts()) == ([], [], [])
    assert (chain.items("session"), world.logins()) == before, "borrowed, never written"
