"""Alerting through Airflow itself: a canary that is green, red and green; a failed run and its end.

Scheduler, triggerer, deadline and listener are the real ones; Slack and Telegram are simulated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from operating import REPAIR, Operator, at, operating

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.airflow,
    pytest.mark.browser,
    pytest.mark.filterwarnings("default"),
    pytest.mark.timeout(900),
]

CANARY = "alert_canary"


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with operating(tmp_path_factory.mktemp("stack")) as ready:
        ready.airflow.unpause([CANARY])
        yield ready


def slack_texts(operator: Operator) -> list[str]:
    messages = operator.world.service_state("slack")["messages"]
    return [str(message) for message in messages]


def sing(operator: Operator, run_id: str) -> str:
    from local_stack.processes import wait_for

    operator.airflow.api.trigger(CANARY, run_id, {})
    wait_for("the canary ends", lambda: operator._is_final(CANARY, run_id), within_s=420)
    return operator.state_of(CANARY, run_id)


@pytest.fixture(scope="module")
def green(operator: Operator) -> dict[str, Any]:
    """A canary while all is well."""
    state = sing(operator, "manual__green")
    return {
        "state": state,
        "heard": operator.airflow.api.result(CANARY, "manual__green", "listen")["parts"],
        "slack": slack_texts(operator),
        "telegram": operator.world.notes(),
    }


@pytest.fixture(scope="module")
def mended(operator: Operator, green: dict[str, Any]) -> list[str]:
    """A repair that names no window, then one that does: what Slack shows of both."""
    from local_stack.processes import wait_for

    assert operator.day.trigger(REPAIR, {}).state == "failed"
    operator.preview(at("13:20"), at("13:20"))
    end = f"RECOVERED: {REPAIR} failed"
    wait_for("its end is told", lambda: end in str(slack_texts(operator)), within_s=60)
    return slack_texts(operator)


@pytest.fixture(scope="module")
def red(operator: Operator, mended: list[str]) -> dict[str, Any]:
    """A canary while Slack knows the webhook no more."""
    operator.world.add_fault(service="slack", operation="webhook", kind="no_service", times=50)
    state = sing(operator, "manual__red")
    return {"state": state, "telegram": operator.world.notes()}


@pytest.fixture(scope="module")
def again(operator: Operator, red: dict[str, Any]) -> dict[str, Any]:
    """A canary after Slack was mended."""
    operator.world.clear_faults()
    return {"state": sing(operator, "manual__again"), "telegram": operator.world.notes()}


def test_every_part_is_heard_while_all_is_well(green: dict[str, Any]) -> None:
    assert green["state"] == "success"
    assert green["heard"] == {
        "slack": "heard",
        "telegram": "heard",
        "deadline": "heard",
        "alarm": "heard",
    }


def test_people_read_that_it_is_a_test(green: dict[str, Any]) -> None:
    for texts in (green["slack"], green["telegram"]):
        tests = [text for text in texts if "TEST: the daily alert canary" in text]
        assert tests
        assert all("Nobody has to act" in text for text in tests)


def test_runs_that_overlap_hear_their_own_deadlines(green: dict[str, Any]) -> None:
    """Unpausing starts the last scheduled run as well, beside the one by hand."""
    assert not any("alerting is silent" in text for text in green["telegram"])


def test_a_failed_run_is_told_once_and_its_end_by_the_scheduler(mended: list[str]) -> None:
    told = [text for text in mended if f"[MEDIUM] {REPAIR} failed" in text]

    assert len(told) == 1
    assert "preview_effects" in told[0]
    assert "'text': 'Logs'" in told[0]
    assert sum(f"RECOVERED: {REPAIR} failed" in text for text in mended) == 1


def test_a_broken_slack_turns_it_red_and_telegram_says_which(red: dict[str, Any]) -> None:
    assert red["state"] == "failed"
    assert any("alerting is silent: slack" in text for text in red["telegram"])


def test_a_mended_slack_turns_it_green_and_takes_the_alarm_back(again: dict[str, Any]) -> None:
    assert again["state"] == "success"
    assert any("RECOVERED: alerting is silent: slack" in text for text in again["telegram"])


def test_nothing_else_was_told(operator: Operator, again: dict[str, Any]) -> None:
    """An idle system is silent: the canary's own notices are all there is."""
    told = [text for text in again["telegram"] if "canary" not in text and "alerting" not in text]

    assert told == []
