"""``repair_window`` at Airflow's edge: what its tasks leave behind, refuse and skip."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from repair_world import MISSED, native_backfill, send, shop, states, visit

from booking_sms import workflow
from booking_sms.domain.errors import (
    ActionRefused,
    BookingApiUnavailable,
    StoresFailed,
    StoreUnavailable,
    WindowRefused,
)

pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("default")]

PREVIEW, APPROVE, EXECUTE = "preview_effects", "approve_plan", "execute_plan"
AT = MISSED.isoformat()
ANSWERED = datetime(2026, 3, 2, 5, 1, tzinfo=UTC)


class Run:
    """One run of the DAG: its parameters, and what its tasks left in XCom."""

    def __init__(self, **params: Any) -> None:
        self.params = {
            "window_start": AT,
            "window_end": AT,
            "stores": [],
            "kinds": [],
            "held": False,
            "dry_run": False,
            **params,
        }
        self.left: dict[tuple[str, str], Any] = {}

    def context(self, task_id: str) -> dict[str, Any]:
        after = [APPROVE, EXECUTE] if task_id == PREVIEW else [EXECUTE]
        relatives = [SimpleNamespace(task_id=name) for name in after]
        return {
            "params": self.params,
            "dag_run": SimpleNamespace(run_id="manual__1", triggering_user_name="engineer"),
            "task": SimpleNamespace(get_flat_relatives=lambda upstream: relatives),
            "ti": SimpleNamespace(
                xcom_pull=lambda task_ids, key="return_value": self.left.get((task_ids, key)),
                xcom_push=lambda key, value: self.left.__setitem__((task_id, key), value),
            ),
        }

    def preview(self) -> dict[str, Any]:
        from booking_sms_airflow import repair

        result = dict(repair.preview_effects(self.context(PREVIEW)))
        self.left[PREVIEW, "return_value"] = result
        return result

    def ask(self) -> None:
        from airflow.sdk.exceptions import TaskAwaitingInput

        with pytest.raises(TaskAwaitingInput):
            approval().execute(self._with_id(self.context(APPROVE)))

    def answer(self, name: str | None = "owner") -> None:
        event = {
            "chosen_options": ["Approve"],
            "params_input": {},
            "responded_at": ANSWERED,
            "responded_by_user": {"id": "1", "name": name} if name else None,
        }
        result = approval().execute_complete(self.context(APPROVE), event)
        self.left[APPROVE, "return_value"] = result

    def execute(self) -> dict[str, Any]:
        from booking_sms_airflow import repair

        return dict(repair.execute_plan(self.context(EXECUTE), APPROVE, PREVIEW))

    def approved(self) -> Run:
        self.preview()
        self.ask()
        self.answer()
        return self

    @staticmethod
    def _with_id(context: dict[str, Any]) -> dict[str, Any]:
        context["task_instance"] = SimpleNamespace(id="ti-1")
        return context


def approval() -> Any:
    from booking_sms_airflow.approval import PlanApproval

    return PlanApproval(task_id=APPROVE, previewed_by=PREVIEW, subject="s", defaults="Reject")


@pytest.fixture
def app(monkeypatch):
    app = shop(visit(name="남가람별"))
    monkeypatch.setattr("booking_sms_airflow.repair.current_application", lambda: app)
    # The question goes to Airflow's API server, which no unit test has.
    hitl = "airflow.providers.standard.operators.hitl.upsert_hitl_detail"
    monkeypatch.setattr(hitl, lambda **detail: None)
    return app


def test_an_approved_plan_is_carried_out_in_the_name_of_who_answered(app):
    run = Run().approved()

    result = run.execute()

    assert result["outcomes"] == {"queued": 2}
    assert send(app) == {"sent": 2}
    plan = workflow.read_repair_plan(app, result["plan_id"])
    assert (plan.by, plan.approval.by) == ("engineer", "owner")
    assert plan.approval.reason == "approved in Airflow, run manual__1"


def test_without_a_name_the_approval_is_of_who_triggered_the_run(app):
    run = Run()
    run.preview()
    run.ask()
    run.answer(None)

    result = run.execute()

    assert workflow.read_repair_plan(app, result["plan_id"]).approval.by == "engineer"


@pytest.mark.parametrize("when", ["after the question", "after the answer"])
def test_a_preview_that_was_made_again_is_not_what_was_approved(app, when):
    run = Run()
    run.preview()
    run.ask()
    if when == "after the answer":
        run.answer()
        run.preview()
    else:
        run.preview()
        run.answer()

    with pytest.raises(ActionRefused, match="made again"):
        run.execute()
    assert app.jobs.jobs == ()


def test_nothing_is_executed_that_was_never_shown(app):
    run = Run()
    run.preview()

    with pytest.raises(ActionRefused, match="shown"):
        run.execute()


def test_a_dry_run_ends_after_the_preview_and_asks_nobody(app):
    from airflow.sdk.exceptions import DownstreamTasksSkipped

    run = Run(dry_run=True)

    with pytest.raises(DownstreamTasksSkipped) as skipped:
        run.preview()

    assert skipped.value.tasks == [APPROVE, EXECUTE]
    assert run.left[PREVIEW, "return_value"]["rehearsal"]["outcomes"] == {"queued": 2}
    assert app.jobs.jobs == ()


def test_nothing_to_do_asks_nobody(app):
    from airflow.sdk.exceptions import DownstreamTasksSkipped

    app.source.bookings.clear()

    with pytest.raises(DownstreamTasksSkipped):
        Run().preview()


def test_a_plan_over_a_cap_is_red_and_names_it(app):
    app.settings = app.settings.model_copy(update={"repair_max_krw": Decimal(1)})

    with pytest.raises(ActionRefused, match="BOOKING_SMS_REPAIR_MAX_KRW: 60 of 1"):
        Run().preview()


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"window_start": None}, WindowRefused),
        ({"window_start": None, "window_end": None}, ActionRefused),
        ({"window_end": "2026-03-02T13:00:00"}, WindowRefused),
        ({"window_end": "2026-03-02T12:00:00+09:00"}, WindowRefused),
        ({"window_end": "2026-03-02T14:20:00+09:00"}, WindowRefused),
        ({"kinds": ["tips"]}, ActionRefused),
    ],
)
def test_parameters_that_make_no_sense_are_one_clear_refusal(app, params, error):
    with pytest.raises(error) as refusal:
        Run(**params).preview()

    assert "\n" not in str(refusal.value)


def test_what_a_native_backfill_held_is_released(app):
    native_backfill(app)

    Run(window_start=None, window_end=None, held=True).approved().execute()

    assert states(app) == {"available": 2}


def test_messages_that_wait_are_tried_again(app):
    run = Run().approved()
    app.source.failures["900101"] = BookingApiUnavailable(store="900101")
    with pytest.raises(StoreUnavailable, match="try again"):
        run.execute()

    app.source.failures.clear()

    assert run.execute()["outcomes"] == {"queued": 2}
    assert run.execute()["repeated"] is True


def test_stores_that_were_not_read_turn_the_end_red(app):
    app.source.failures["900104"] = BookingApiUnavailable(store="900104")
    run = Run().approved()

    with pytest.raises(StoresFailed, match="900104"):
        run.execute()
    assert states(app) == {"available": 2}


def test_nothing_that_a_task_leaves_behind_names_anybody(app, caplog):
    run = Run().approved()
    result = run.execute()

    left = json.dumps([list(run.left.values()), result], ensure_ascii=False) + caplog.text
    for canary in ("남가람별", "01000000001", "1234*", "900101_7000000001"):
        assert canary not in left


def test_the_question_holds_hash_and_counts(app):
    from jinja2 import Environment

    from repair_window import BODY, SUBJECT

    run = Run()
    plan = run.preview()
    env, ti = Environment(autoescape=False), run.context(APPROVE)["ti"]  # noqa: S701
    subject, body = (env.from_string(text).render(ti=ti) for text in (SUBJECT, BODY))

    assert subject == "Repair: 2 texts to customers"
    for told in (plan["hash"], plan["plan_id"], "about 60 won", "booking-sms repair show"):
        assert told in body
