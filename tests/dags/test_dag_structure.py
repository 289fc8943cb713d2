"""The order of tasks and the guards that Airflow itself has to enforce."""

from __future__ import annotations

import ast
import importlib
import inspect
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from booking_sms.domain.sms_job import OPEN_SHARDS
from booking_sms.domain.window import WINDOW_LENGTH

pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("default")]

BRANCHES = (ast.If, ast.IfExp, ast.Match, ast.Try, ast.While, ast.For, ast.With)
OUTSIDE_WORLD = {"os", "sys", "time", "random", "uuid", "pathlib", "subprocess", "socket", "json"}
CLOCKS = {"now", "utcnow", "today", "getenv", "Variable", "Connection"}


def task_of(dagbag: Any, dag_id: str, task_id: str) -> Any:
    return dagbag.dags[dag_id].get_task(task_id)


def edges_of(dagbag: Any, dag_id: str) -> set[tuple[str, str]]:
    tasks = dagbag.dags[dag_id].tasks
    return {(task.task_id, after) for task in tasks for after in task.downstream_task_ids}


def test_etl_reads_like_its_sentence(dagbag: Any) -> None:
    assert edges_of(dagbag, "booking_sms_etl") == {
        ("open_session", "extract_store"),
        ("extract_store", "check_bookings"),
        ("extract_store", "plan_jobs"),
        ("extract_store", "report_window"),
        ("check_bookings", "plan_jobs"),
        ("check_bookings", "report_window"),
        ("plan_jobs", "load_jobs"),
        ("load_jobs", "report_window"),
    }


def test_the_gate_is_the_only_leaf_of_the_etl(dagbag: Any) -> None:
    leaves = [task.task_id for task in dagbag.dags["booking_sms_etl"].leaves]

    assert leaves == ["report_window"]


@pytest.mark.parametrize("task_id", ["check_bookings", "plan_jobs", "load_jobs", "report_window"])
def test_one_failed_store_stops_no_other(dagbag: Any, task_id: str) -> None:
    assert task_of(dagbag, "booking_sms_etl", task_id).trigger_rule == "all_done"


def test_naver_is_guarded_by_pools(dagbag: Any) -> None:
    from booking_sms_airflow.pools import POOLS

    assert task_of(dagbag, "booking_sms_etl", "open_session").pool == "naver_login"
    assert task_of(dagbag, "booking_sms_etl", "extract_store").pool == "naver"
    assert {pool.name: pool.slots for pool in POOLS} == {"naver": 2, "naver_login": 1}


def test_a_result_is_one_xcom(dagbag: Any) -> None:
    """A task that unrolls its result costs a request and a row for each of its keys."""
    for dag in dagbag.dags.values():
        for task in dag.tasks:
            unrolled = getattr(task, "multiple_outputs", False) or (
                task.is_mapped and task.partial_kwargs.get("multiple_outputs")
            )
            assert not unrolled, task.task_id


def test_stores_are_mapped_and_named(dagbag: Any) -> None:
    extract = task_of(dagbag, "booking_sms_etl", "extract_store")

    assert extract.is_mapped
    assert "store_id" in extract.map_index_template


def test_loading_jobs_announces_them(dagbag: Any) -> None:
    etl = dagbag.dags["booking_sms_etl"]
    announcing = {task.task_id: [a.name for a in task.outlets] for task in etl.tasks}

    assert {name: assets for name, assets in announcing.items() if assets} == {
        "load_jobs": ["sms_jobs_loaded"]
    }


def test_a_backfill_names_the_windows_by_their_ends(dagbag: Any) -> None:
    """From 20:00 to 20:40 are the windows that end at 20:00, 20:20 and 20:40."""
    from airflow.serialization.serialized_objects import DagSerialization

    etl = DagSerialization.from_dict(DagSerialization.to_dict(dagbag.dags["booking_sms_etl"]))
    runs = list(etl.iter_dagrun_infos_between(kst(20, 0), kst(20, 40)))

    assert [run.data_interval.end for run in runs] == [kst(20, 0), kst(20, 20), kst(20, 40)]
    for run in runs:
        assert run.data_interval.end - run.data_interval.start == WINDOW_LENGTH


def kst(hour: int, minute: int) -> Any:
    import pendulum

    return pendulum.datetime(2026, 3, 2, hour, minute, tz="Asia/Seoul")


def test_a_window_is_late_by_the_queue_and_not_by_its_end(dagbag: Any) -> None:
    """A deadline from the window's end would have passed before any backfilled run begins."""
    from airflow.serialization.decoders import decode_deadline_alert
    from airflow.serialization.encoders import encode_deadline_alert

    from booking_sms_airflow.deadlines import FirstQueued

    (deadline,) = dagbag.dags["booking_sms_etl"].deadline
    module, _, name = deadline.callback.path.rpartition(".")

    # As the scheduler reads it; Airflow's own reference of this kind keeps failed runs from
    # being cleared.
    reference = decode_deadline_alert(encode_deadline_alert(deadline)).reference
    assert isinstance(reference.inner_ref, FirstQueued)
    assert deadline.interval == timedelta(minutes=deadline.callback.kwargs["minutes"])
    assert inspect.iscoroutinefunction(getattr(importlib.import_module(module), name))


def test_a_manual_window_has_to_be_named(dagbag: Any) -> None:
    param = dagbag.dags["booking_sms_etl"].params.get_param("window_end")

    assert param.value is None
    assert param.schema["format"] == "date-time"


def test_dispatch_runs_on_jobs_and_on_a_tick(dagbag: Any) -> None:
    schedule = dagbag.dags["sms_dispatch"].timetable

    assert [asset.name for asset in schedule.asset_condition.objects] == ["sms_jobs_loaded"]
    assert schedule.timetable.expression == "*/5 * * * *"
    assert schedule.timetable.interval == timedelta(0)


def test_a_send_is_never_retried(dagbag: Any) -> None:
    from booking_sms.config.settings import Settings

    send = task_of(dagbag, "sms_dispatch", "claim_and_send")

    assert send.retries == 0
    assert send.execution_timeout > timedelta(seconds=Settings().drain_budget_s + 30)
    assert dagbag.dags["sms_dispatch"].dagrun_timeout > send.execution_timeout


def test_dispatch_goes_before_extraction(dagbag: Any) -> None:
    send = task_of(dagbag, "sms_dispatch", "claim_and_send")
    extract = task_of(dagbag, "booking_sms_etl", "extract_store")

    assert send.priority_weight > extract.priority_weight


def test_shard_groups_cover_every_open_shard_once() -> None:
    from sms_dispatch import SHARD_GROUPS

    shards = [shard for group in SHARD_GROUPS for shard in group]

    assert sorted(shards) == list(range(OPEN_SHARDS))
    assert len(SHARD_GROUPS) == 4


def test_dispatch_is_reported_whatever_became_of_it(dagbag: Any) -> None:
    assert edges_of(dagbag, "sms_dispatch") == {("claim_and_send", "report_dispatch")}
    assert task_of(dagbag, "sms_dispatch", "report_dispatch").trigger_rule == "all_done"


def test_reconcile_tasks_do_not_wait_for_each_other(dagbag: Any) -> None:
    reconcile = dagbag.dags["sms_reconcile"]

    assert set(reconcile.task_ids) == {
        "settle_unknown_outcomes",
        "poll_delivery_reports",
        "expire_overdue",
    }
    assert edges_of(dagbag, "sms_reconcile") == set()


def test_the_audit_is_one_task_with_a_day_to_choose(dagbag: Any) -> None:
    audit = dagbag.dags["sms_audit"]

    assert audit.task_ids == ["audit_day"]
    assert audit.timetable.expression == "0 6 * * *"
    assert audit.params.get_param("day").value is None


def test_every_role_signs_between_the_package_and_the_decision(dagbag: Any) -> None:
    from booking_sms.readiness.decision import ROLES

    signs = {f"sign_off_{role.lower()}" for role in ROLES}

    assert edges_of(dagbag, "readiness_gate") == {
        ("collect", "measure"),
        ("measure", "package"),
        *(("package", sign) for sign in signs),
        *((sign, "decide") for sign in signs),
    }
    assert not dagbag.dags["readiness_gate"].timetable.can_be_scheduled
    assert dagbag.dags["readiness_gate"].params.get_param("campaign").value is None


def test_every_role_of_the_gate_is_decided_on(dagbag: Any) -> None:
    from booking_sms.readiness.decision import ROLES
    from readiness_gate import SIGN_TASKS

    assert tuple(SIGN_TASKS) == ROLES
    for task_id in SIGN_TASKS.values():
        sign = task_of(dagbag, "readiness_gate", task_id)
        assert (sign.defaults, sign.retries, sign.packaged_by) == (["Reject"], 3, "package")
        assert sign.response_timeout < dagbag.dags["readiness_gate"].dagrun_timeout


def test_a_broken_sign_off_does_not_keep_the_gate_from_deciding(dagbag: Any) -> None:
    assert task_of(dagbag, "readiness_gate", "decide").trigger_rule == "all_done"


def test_golden_parity_reads_like_its_sentence(dagbag: Any) -> None:
    assert edges_of(dagbag, "golden_parity") == {
        ("load_golden", "decide_candidate"),
        ("load_golden", "publish"),
        ("decide_candidate", "compare"),
        ("compare", "expectations"),
        ("compare", "publish"),
        ("expectations", "publish"),
    }
    assert dagbag.dags["golden_parity"].timetable.expression == "10 * * * *"


def test_the_shadow_is_read_compared_and_reported_between_two_windows(dagbag: Any) -> None:
    shadow = dagbag.dags["shadow_parity"]

    assert edges_of(dagbag, "shadow_parity") == {
        ("read_legacy", "compare_window"),
        ("compare_window", "report"),
    }
    assert shadow.timetable.expression == "10,30,50 * * * *"
    assert {task.trigger_rule.value for task in shadow.tasks} == {"all_success"}


def test_a_repair_is_read_approved_and_then_done(dagbag: Any) -> None:
    repair = dagbag.dags["repair_window"]

    assert edges_of(dagbag, "repair_window") == {
        ("preview_effects", "approve_plan"),
        ("approve_plan", "execute_plan"),
    }
    assert not repair.timetable.can_be_scheduled
    assert repair.params.get_param("dry_run").value is True
    assert {task.task_id: task.pool for task in repair.tasks if task.pool == "naver"} == {
        "preview_effects": "naver",
        "execute_plan": "naver",
    }


def test_a_repair_that_nobody_answers_is_rejected_while_its_plan_is_valid(dagbag: Any) -> None:
    from booking_sms.pipeline.repair_plan import VALID_FOR

    approval = task_of(dagbag, "repair_window", "approve_plan")

    assert approval.defaults == ["Reject"]
    assert approval.response_timeout < VALID_FOR
    assert not approval.fail_on_reject
    assert approval.retries == 3


def test_dag_files_decide_nothing(dag_files: list[Path]) -> None:
    for path in dag_files:
        nodes = list(ast.walk(ast.parse(path.read_text())))

        assert not [n.lineno for n in nodes if isinstance(n, BRANCHES)], path.name
        names = {n.id for n in nodes if isinstance(n, ast.Name)}
        attributes = {n.attr for n in nodes if isinstance(n, ast.Attribute)}
        assert not (names | attributes) & CLOCKS, path.name


def test_dag_files_touch_no_outside_world(dag_files: list[Path]) -> None:
    for path in dag_files:
        imports = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Import)]

        assert not {alias.name for node in imports for alias in node.names} & OUTSIDE_WORLD


def test_dag_files_are_a_page_or_two(dag_files: list[Path]) -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in dag_files}

    assert all(60 <= length <= 150 for length in lengths.values()), lengths
