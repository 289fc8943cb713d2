"""Proofs against the predecessor through Airflow: golden parity, and a shadow campaign.

The campaign runs beside a stand-in of the predecessor, which reads the same bookings and writes
its own table; ours is in comparison mode and may write nothing of it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from operating import LENGTH, Operator, at, operating

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.airflow,
    pytest.mark.browser,
    pytest.mark.filterwarnings("default"),
    pytest.mark.timeout(1800),
]

GOLDEN, SHADOW, GATE = "golden_parity", "shadow_parity", "readiness_gate"
BY = ("--by", "test", "--reason", "rehearsal")
FIRST = at("15:00")
WINDOWS = 6
SKIPPED_AMONG = [f"010000034{number:02}" for number in range(16)]
"""Phones of bookings of which the predecessor with that bug never looks at some."""
READ_AFTER = timedelta(minutes=10)


def predecessor(operator: Operator, *arguments: str) -> Any:
    """One run of the stand-in at the world's own instant."""
    from local_stack.environment import clean_environ
    from local_stack.processes import run_command

    place = ("--dir", str(operator.airflow.layout.world))
    command = [sys.executable, "-m", "sandbox", "legacy", "run", *place, *arguments]
    return json.loads(run_command(command, clean_environ()))


def window(operator: Operator, as_of: datetime, *bugs: str) -> str:
    """One window on both sides, then the comparison; how the comparison's run ended."""
    operator.world.set_clock(as_of)
    assert operator.day.trigger_window(as_of).state == "success"
    predecessor(operator, *(part for bug in bugs for part in ("--bug", bug)))
    operator.world.set_clock(as_of + READ_AFTER)
    conf = {"window_end": as_of.isoformat()}
    return operator.day.trigger(SHADOW, conf).state


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with operating(tmp_path_factory.mktemp("stack")) as ready:
        ready.airflow.unpause([GOLDEN, SHADOW, GATE])
        yield ready


@pytest.fixture(scope="module")
def judged(operator: Operator) -> Operator:
    """Golden parity by hand."""
    operator.seen["golden"] = operator.day.trigger(GOLDEN, {})
    return operator


@pytest.fixture(scope="module")
def campaign(judged: Operator) -> Operator:
    """Six windows in comparison mode, from the state that the predecessor left."""
    operator = judged
    operator.world.set_clock(FIRST - LENGTH)
    predecessor(operator)
    operator.world.booking_sms("control", "set-mode", "comparison", *BY)
    operator.world.booking_sms("campaign", "bootstrap", "--no-texts", "--name", "rehearsed")
    operator.seen["before"] = operator.texts()
    operator.seen["ends"] = []
    for number in range(WINDOWS):
        as_of = FIRST + number * LENGTH
        operator.book(
            f"0100000331{number}", as_of + timedelta(days=2), 60, known=as_of - READ_AFTER
        )
        operator.seen["ends"].append(window(operator, as_of))
    operator.seen["status"] = operator.world.booking_sms("campaign", "status")["result"]
    return operator


@pytest.fixture(scope="module")
def measured(campaign: Operator) -> Operator:
    """The campaign's evidence collected anew, and the nine criteria held against it."""
    operator, name = campaign, ("--campaign", "rehearsed")
    operator.world.booking_sms("monitoring", "apply")
    operator.seen["kept"] = operator.world.booking_sms("readiness", "collect", *name)["kept"]
    checked = operator.world.booking_sms("readiness", "check", *name, good_codes=(1,))
    operator.seen["criteria"] = {one["name"]: one["verdict"] for one in checked["criteria"]}
    return operator


@pytest.fixture(scope="module")
def gated(measured: Operator) -> Operator:
    """The readiness gate, in which every role but one says yes."""
    operator = measured
    roles = ("developer", "qa", "operations", "product")
    answers = {f"sign_off_{role}": "Reject" if role == "qa" else "Approve" for role in roles}
    operator.seen["gate"] = operator.sign(GATE, answers, {"campaign": "rehearsed"})
    return operator


@pytest.fixture(scope="module")
def lossy(gated: Operator) -> Operator:
    """More windows, in which the predecessor skips some bookings."""
    operator, as_of = gated, FIRST + WINDOWS * LENGTH
    for phone in SKIPPED_AMONG:
        operator.book(phone, as_of + timedelta(days=2), 60, known=as_of - READ_AFTER)
    # Four windows: what comes late in the next one would be tolerated.
    for number in range(4):
        window(operator, as_of + number * LENGTH, "skip")
    operator.seen["lossy"] = operator.world.booking_sms("campaign", "status")["result"]
    return operator


def test_golden_parity_is_clean_and_its_page_is_for_those_logged_in(judged: Operator) -> None:
    url = f"http://127.0.0.1:{judged.airflow.state.port}/booking-sms/parity"
    ours = judged.airflow.api.page("/booking-sms/parity")

    assert judged.seen["golden"].state == "success"
    assert httpx.get(url, trust_env=False).status_code == httpx.codes.UNAUTHORIZED
    assert ours.status_code == httpx.codes.OK
    assert "228" in ours.text
    assert "http" not in ours.text.replace("http://www.w3.org/2000/svg", "")


def test_six_windows_beside_the_predecessor_have_no_mismatch(campaign: Operator) -> None:
    status = campaign.seen["status"]

    assert campaign.seen["ends"] == ["success"] * WINDOWS
    assert status["unexplained"] == 0
    assert status["vacuous"] == []
    assert min(status["legacy_items"], status["candidate_items"]) >= WINDOWS
    assert campaign.texts() == campaign.seen["before"]


def test_six_windows_are_no_campaign_yet(measured: Operator) -> None:
    """Seven days are not over; what the team was told and what was published is measured."""
    criteria = measured.seen["criteria"]

    assert len(criteria) == 9
    assert criteria["full_parity"] == "FAIL"
    assert criteria["slack"] == "PASS"
    assert criteria["metrics"] != "UNMEASURED"
    assert "shadow.json" in measured.seen["kept"]
    assert "golden-parity.html" in measured.seen["kept"]


def test_the_gate_writes_down_who_said_no_and_why(gated: Operator) -> None:
    """In the world's own file: the project's is for real campaigns."""
    section = (gated.airflow.layout.world / "VALIDATION.md").read_text(encoding="utf-8")

    assert gated.seen["gate"] == "failed"
    assert "NO_GO" in section
    assert "QA: rejected by admin" in section
    assert "developer: rejected" not in section


def test_a_booking_that_the_predecessor_skips_is_found(lossy: Operator) -> None:
    assert lossy.seen["lossy"]["unexplained"] >= 1
    assert lossy.texts() == lossy.seen["before"]
