"""The steps of ``repair_window`` at Airflow's edge: key, hash and counts, never a person's data."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import DownstreamTasksSkipped

from booking_sms.domain.errors import ActionRefused, StoresFailed, StoreUnavailable
from booking_sms_airflow.application import current_application
from booking_sms_airflow.results import Counts

if TYPE_CHECKING:
    from airflow.sdk import Context

    from booking_sms.bootstrap import Application
    from booking_sms.pipeline.repair_plan import RepairPlan

log = logging.getLogger(__name__)

RESULT = "return_value"
"""XCom key of a task's own result, for a task that ends by skipping others."""


def preview_effects(context: Context) -> Counts:
    """Store the plan; a dry run, or a plan without a message, ends here and asks nobody.

    Raises WindowRefused or ActionRefused for parameters that make no sense, and ActionRefused
    for a plan over a cap: it can be read, not approved.
    """
    from booking_sms import workflow
    from booking_sms.pipeline.repair_shown import counts_of

    app, params = current_application(), context["params"]
    plan = workflow.preview_effects(app, _request(app, params), asked_by(context))
    counts = counts_of(plan)
    log.info("plan %s, hash %s: %s", plan.plan_id, plan.plan_hash, counts["outcomes"])
    if params["dry_run"] or not plan.items:
        _end_here(context, counts | _rehearsed(app, plan))
    if plan.over_caps:
        raise ActionRefused(f"over a cap: {'; '.join(plan.over_caps)}", plan=plan.plan_id)
    return Counts(counts)


def execute_plan(context: Context, approve_task: str, preview_task: str) -> Counts:
    """Carry out what the approval showed, in the name of who answered.

    Raises ActionRefused when the preview is another one by now, StoreUnavailable (tried again)
    while messages wait for a table or for Naver, StoresFailed at the end for unread stores.
    """
    from booking_sms import workflow

    app, ti = current_application(), context["ti"]
    previewed = ti.xcom_pull(task_ids=preview_task)
    plan_id, plan_hash = require_shown(previewed, _shown(ti, approve_task))
    answer = ti.xcom_pull(task_ids=approve_task) or {}
    if workflow.read_repair_plan(app, plan_id).approval is None:
        person = _person(str(answer.get("by") or asked_by(context)), context)
        workflow.approve_plan(app, plan_id, plan_hash, person)
    report = workflow.execute_plan(app, plan_id, plan_hash, dry_run=False)
    log.info("plan %s: %s", plan_id, report.counts())
    if report.pending:
        raise StoreUnavailable("messages wait: try again", plan=plan_id, messages=report.pending)
    _require_stores(report.plan)
    return Counts(report.counts())


def require_shown(
    previewed: Mapping[str, Any] | None, shown: Mapping[str, Any] | None
) -> tuple[str, str]:
    """Plan id and hash, if the approval showed the very plan that the preview left.

    Raises ActionRefused otherwise: the preview was cleared and made again after the question.
    """
    if not previewed or not shown:
        raise ActionRefused("no plan was previewed and shown for approval")
    wanted = (str(previewed["plan_id"]), str(previewed["hash"]))
    if wanted != (shown["plan_id"], shown["hash"]):
        raise ActionRefused(
            "the preview was made again after it was shown: approve it again",
            plan=wanted[0],
            shown=shown["plan_id"],
        )
    return wanted


def asked_by(context: Mapping[str, Any]) -> str:
    """Who triggered the run, or Airflow itself."""
    return str(getattr(context["dag_run"], "triggering_user_name", "") or "airflow")


def _request(app: Application, params: Mapping[str, Any]) -> Any:
    from booking_sms import workflow

    return workflow.repair_request(
        app,
        params.get("window_start") or "",
        params.get("window_end") or "",
        stores=params.get("stores") or (),
        kinds=params.get("kinds") or (),
        held=bool(params.get("held")),
    )


def _rehearsed(app: Application, plan: RepairPlan) -> dict[str, Any]:
    from booking_sms import workflow

    report = workflow.execute_plan(app, plan.plan_id, plan.plan_hash, dry_run=True)
    return {"rehearsal": report.counts()}


def _end_here(context: Context, counts: Mapping[str, Any]) -> None:
    """Leave the counts and skip what comes after: nothing to ask a person about."""
    context["ti"].xcom_push(key=RESULT, value=dict(counts))
    downstream = context["task"].get_flat_relatives(upstream=False)
    raise DownstreamTasksSkipped(tasks=sorted(task.task_id for task in downstream))


def _shown(ti: Any, approve_task: str) -> Mapping[str, Any] | None:
    from booking_sms_airflow.approval import SHOWN

    shown: Mapping[str, Any] | None = ti.xcom_pull(task_ids=approve_task, key=SHOWN)
    return shown


def _person(by: str, context: Mapping[str, Any]) -> Any:
    from booking_sms.pipeline.operator import Person

    return Person(by=by, reason=f"approved in Airflow, run {context['dag_run'].run_id}")


def _require_stores(plan: RepairPlan) -> None:
    if plan.failed_stores:
        stores = " ".join(sorted(plan.failed_stores))
        raise StoresFailed("stores could not be read, the others are done", stores=stores)
