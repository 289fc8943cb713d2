"""``readiness_gate`` at Airflow's edge: who is asked about what, and what an answer is worth."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gate_world import gate, record
from readiness_world import GOOD, ID, changed

from booking_sms import workflow
from booking_sms.domain.errors import ActionRefused
from booking_sms.readiness.decision import ROLES

pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("default")]

TASKS = {role: f"sign_off_{role.lower()}" for role in ROLES}
ANSWERED = datetime(2026, 3, 2, 5, 1, tzinfo=UTC)


class Run:
    """One run of the DAG: its campaign, and what its tasks left in XCom."""

    def __init__(self, validation: Path, campaign: str | None = ID) -> None:
        self.validation = validation
        self.params = {"campaign": campaign}
        self.left: dict[tuple[str, str], Any] = {}

    def context(self, task_id: str) -> dict[str, Any]:
        pull = lambda task_ids, key="return_value": self.left.get((task_ids, key))  # noqa: E731
        return {
            "params": self.params,
            "dag_run": SimpleNamespace(run_id="manual__1"),
            "task_instance": SimpleNamespace(id="ti-1"),
            "ti": SimpleNamespace(
                xcom_pull=pull,
                xcom_push=lambda key, value: self.left.__setitem__((task_id, key), value),
            ),
        }

    def package(self) -> dict[str, Any]:
        from booking_sms_airflow import readiness

        result = dict(readiness.package(self.context("package")))
        self.left["package", "return_value"] = result
        return result

    def ask(self, role: str) -> None:
        from airflow.sdk.exceptions import TaskAwaitingInput

        with pytest.raises(TaskAwaitingInput):
            sign_off().execute(self.context(TASKS[role]))

    def answer(self, role: str, option: str = "Approve", name: str | None = "kim") -> None:
        event = {
            "chosen_options": [option],
            "params_input": {},
            "responded_at": ANSWERED,
            "responded_by_user": {"id": "1", "name": name} if name else None,
        }
        result = sign_off().execute_complete(self.context(TASKS[role]), event)
        self.left[TASKS[role], "return_value"] = result

    def asked(self) -> Run:
        self.package()
        for role in ROLES:
            self.ask(role)
        return self

    def signed(self, **others: tuple[str, str | None]) -> Run:
        self.asked()
        for role in ROLES:
            self.answer(role, *others.get(role, ()))
        return self

    def decide(self) -> dict[str, Any]:
        from booking_sms_airflow import readiness

        return dict(readiness.decide(self.context("decide"), TASKS, self.validation))


def sign_off() -> Any:
    from booking_sms_airflow.sign_off import RoleSignOff

    return RoleSignOff(task_id="sign_off_qa", packaged_by="package", subject="s")


@pytest.fixture
def app(monkeypatch):
    app = gate()
    monkeypatch.setattr("booking_sms_airflow.readiness.current_application", lambda: app)
    # The question goes to Airflow's API server, which no unit test has.
    hitl = "airflow.providers.standard.operators.hitl.upsert_hitl_detail"
    monkeypatch.setattr(hitl, lambda **detail: None)
    return app


@pytest.fixture
def run(app, tmp_path) -> Run:
    return Run(tmp_path / "VALIDATION.md")


def test_four_yeses_and_nine_passes_are_a_go(app, run):
    result = run.signed().decide()

    assert result == {"decision": "GO", "hash": run.left["package", "return_value"]["hash"]}
    signed = workflow.sign_offs(app, ID)
    assert {role: (one.by, one.at) for role, one in signed.items()} == dict.fromkeys(
        ROLES, ("kim", ANSWERED)
    )
    assert signed["QA"].reason == "Approve in Airflow, run manual__1"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("answer", "told"),
    [(("Reject", "lee"), "rejected by lee"), (("Reject", None), "nobody answered in time")],
)
def test_a_no_or_no_answer_of_one_role_is_a_no_go(app, run, role, answer, told):
    run.signed(**{role: answer})

    with pytest.raises(ActionRefused, match="NO_GO: 1 reasons, 9 of 9"):
        run.decide()

    assert f"{role}: {told}" in run.validation.read_text() or told in run.validation.read_text()
    decision = json.loads(app.evidence.get(ID, "decision.json").content)
    assert (decision["decision"], len(decision["reasons"])) == ("NO_GO", 1)
    assert decision["reasons"][0].startswith(role)
    assert told in decision["reasons"][0]


def test_without_an_answer_the_operator_rejects():
    assert (sign_off().defaults, sign_off().options) == (["Reject"], ["Approve", "Reject"])


@pytest.mark.parametrize("role", ROLES)
def test_a_role_that_was_never_asked_has_not_signed(app, run, role):
    run.package()
    for other in set(ROLES) - {role}:
        run.ask(other)
        run.answer(other)

    with pytest.raises(ActionRefused, match="NO_GO"):
        run.decide()
    decision = json.loads(app.evidence.get(ID, "decision.json").content)
    assert decision["reasons"] == [f"{role}: not signed"]


def test_an_answer_is_bound_to_the_package_that_was_shown(app, run):
    run.asked()
    record(app, "metrics.json", changed("metrics", published=901))
    run.package()  # cleared and made again after the question
    for role in ROLES:
        run.answer(role)

    with pytest.raises(ActionRefused, match="NO_GO: 4 reasons"):
        run.decide()


@pytest.mark.parametrize("kind", GOOD)
def test_a_criterion_that_was_not_measured_is_a_no_go_though_all_signed(
    monkeypatch, app, run, kind
):
    other = gate(**{kind: None})
    monkeypatch.setattr("booking_sms_airflow.readiness.current_application", lambda: other)

    with pytest.raises(ActionRefused, match="NO_GO"):
        run.signed().decide()


def test_measuring_a_failure_is_no_failure(monkeypatch, app, run):
    from booking_sms_airflow import readiness

    other = gate(notices=changed("notices", failed=2))
    monkeypatch.setattr("booking_sms_airflow.readiness.current_application", lambda: other)

    counts = readiness.measure(run.context("measure"))

    assert (counts["passed"], counts["total"]) == (7, 9)
    assert counts["criteria"]["slack"] == "FAIL"


@pytest.mark.parametrize("campaign", [None, " "])
def test_a_run_without_a_campaign_is_refused(app, tmp_path, campaign):
    with pytest.raises(ActionRefused, match="which campaign"):
        Run(tmp_path / "v.md", campaign).package()
    with pytest.raises(ActionRefused, match="which campaign"):
        Run(tmp_path / "v.md", campaign).decide()
