"""What a person decides, what the daily audit proves, and whom the visit guard pages."""

from __future__ import annotations

import signal
from datetime import datetime
from typing import Any

import pytest

from booking_sms.domain.booking import KST

from .world import Installation, World, eventually, running

pytestmark = pytest.mark.integration

PHONE = "01000000011"
SOON, LATER = "2026-03-02T15:00:00+09:00", "2026-03-04T15:00:00+09:00"
QUICK = {"BOOKING_SMS_SENS_TIMEOUT_S": "2", "BOOKING_SMS_LEASE_S": "3"}
SETTLED_SOON = {"BOOKING_SMS_SETTLE_S": "2"}
WHO = ("--by", "kim", "--reason", "called the customer")


def today() -> str:
    """SENS's day: its list is dated by the transport clock."""
    return datetime.now(KST).date().isoformat()


def only_job(chain: Installation) -> tuple[str, dict[str, Any]]:
    """Booking number of the one job there is, and the job as ``outbox show`` tells it."""
    (item,) = chain.jobs()
    booking_num = str(item["booking_num"])
    return booking_num, chain.cli("outbox", "show", booking_num, "--json").json[0]


def audit(chain: Installation, **environ: str) -> Any:
    return chain.cli("audit", "--day", today(), "--json", **SETTLED_SOON, **environ)


def test_a_person_settles_a_doubt_as_sent_by_the_request_that_sens_lists(
    world: World, chain: Installation
) -> None:
    world.book(phone=PHONE, start=LATER)
    world.fault("sens", "send", "drop_after_accept")
    chain.run(**QUICK)
    booking_num, job = only_job(chain)
    (text,) = world.texts()

    foreign = chain.cli("outbox", "settle", booking_num, job["job_id"], "--sent", "REQ-0", *WHO)
    early = chain.cli("outbox", "settle", booking_num, job["job_id"], "--not-sent", *WHO)
    unlawful = chain.cli("outbox", "approve", booking_num, job["job_id"], *WHO)
    settled = chain.cli(
        "outbox", "settle", booking_num, job["job_id"], "--sent", text["request_id"], *WHO, "--json"
    )

    assert [foreign.code, early.code, unlawful.code, settled.code] == [1, 1, 1, 0]
    assert "state=outcome_unknown" in unlawful.err
    assert settled.json["state"] == "accepted"
    assert [row["confirm_sms"] for row in chain.ledger()] == [True]
    (change,) = [
        c
        for c in chain.app.control.operator_changes(chain.app.clock.now().date())
        if c.name == f"job#{job['job_id']}"
    ]
    assert (change.by, change.reason) == ("kim", "called the customer")


def test_a_cancelled_text_is_reopened_and_goes_out_once_it_is_approved(
    world: World, chain: Installation
) -> None:
    world.book(phone=PHONE, start=LATER)
    chain.cli("control", "kill", "all", *WHO)
    chain.run()
    booking_num, job = only_job(chain)

    moves = ("cancel", "reopen", "approve")
    done = [chain.cli("outbox", move, booking_num, job["job_id"], *WHO, "--json") for move in moves]
    chain.cli("control", "kill", "all", "--off", *WHO)
    chain.dispatch()

    assert [answer.json["state"] for answer in done] == ["cancelled", "held", "available"]
    assert [text["to"] for text in world.texts()] == [PHONE]


def test_the_audit_agrees_and_then_names_what_does_not(world: World, chain: Installation) -> None:
    world.book(phone=PHONE, start=LATER)
    chain.run()
    clean = audit(chain).json
    assert (clean["matched"], clean["residue"], clean["is_clean"]) == (1, [], True)

    (item,) = chain.jobs()
    chain.put("sms_jobs", {**item, "request_id": "REQ-lost"})
    chain.put("sms_jobs", {"booking_num": "somebody", "sort_key": "elses"})
    # SENS's list counts whole seconds, so the row may be old enough before its job is.
    assert eventually(lambda: not audit(chain).json["waiting"])
    done = audit(chain)

    assert done.code == 1
    assert {found["kind"] for found in done.json["residue"]} == {
        "job_without_row",
        "two_rows_one_job",
    }
    assert [found["booking_num"] for found in done.json["unreadable"]] == ["somebody"]
    assert PHONE not in done.said
    assert any("AUDIT" in note for note in world.notes("slack"))
    assert chain.app.control.get_note("audit")["residue"] == 2
    assert chain.dispatch() == {}, "a foreign item stops nobody"


def test_the_guard_pages_a_visit_without_a_guide_once_and_says_when_it_is_over(
    world: World, chain: Installation
) -> None:
    world.book(phone=PHONE, start=SOON)

    first = chain.cli("guard", "--once", "--json")
    again = chain.cli("guard", "--once", "--json")

    assert (first.code, again.code) == (1, 1)
    assert [p["problem"] for p in first.json["open"].values()] == ["no_guide"]
    for channel in ("telegram", "slack"):
        told = [note for note in world.notes(channel) if "방문 확인" in note]
        assert len(told) == 1
        assert "0011" in told[0]
        assert PHONE not in told[0]
    assert world.texts() == []
    assert chain.jobs() == []


def test_the_guard_is_blind_without_naver_and_says_so(world: World, chain: Installation) -> None:
    world.fault("naver_booking", "*", "http_500", times=None, match={"store": "900102"})

    done = chain.cli("guard", "--once", "--json")

    assert done.code == 1
    assert done.json["blind"] == ["900102"]
    world.control("DELETE", "/control/faults")
    assert chain.cli("guard", "--once", "--json").code == 0
    assert any("해결" in note for note in world.notes("telegram"))


def test_the_guard_in_a_loop_ends_on_sigterm(world: World, chain: Installation) -> None:
    with running(chain.start("guard", "--every", "10", "--json")) as process:
        assert eventually(lambda: bool(chain.app.control.get_note("visit_guard")), seconds=60)
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=20) == 0
