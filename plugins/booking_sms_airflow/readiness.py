"""The steps of ``readiness_gate`` at Airflow's edge: campaign, hash and counts."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from booking_sms.domain.errors import ActionRefused
from booking_sms_airflow.application import current_application
from booking_sms_airflow.results import Counts

if TYPE_CHECKING:
    from airflow.sdk import Context

    from booking_sms.bootstrap import Application
    from booking_sms.readiness.decision import SignOff

log = logging.getLogger(__name__)

TIMED_OUT = "nobody answered in time"


def collect(context: Context) -> Counts:
    """Measure again what the campaign is judged by, on the rules and the code in use now."""
    from booking_sms import workflow
    from booking_sms.bench.thresholds import measure_thresholds
    from booking_sms.monitoring.clients import aws_errors
    from booking_sms.monitoring.dashboard import comparison_dashboard

    app, campaign = current_application(), _campaign(context)
    thresholds, look = measure_thresholds(app), comparison_dashboard(app)
    with aws_errors():
        return Counts(workflow.collect_evidence(app, campaign, thresholds, look))


def measure(context: Context) -> Counts:
    """Measure the nine criteria; a criterion that fails is an answer, no failure of the task."""
    from booking_sms import workflow

    document = workflow.check_readiness(current_application(), _campaign(context)).document()
    verdicts = {one["name"]: one["verdict"] for one in document["criteria"]}
    log.info("%s of %s criteria pass: %s", document["passed"], document["total"], verdicts)
    counts = {name: document[name] for name in ("campaign", "passed", "total")}
    return Counts({**counts, "criteria": verdicts})


def package(context: Context) -> Counts:
    """Freeze the evidence package. ``plan_id`` and ``hash`` are what a person is shown."""
    from booking_sms import workflow

    manifest = workflow.freeze_package(current_application(), _campaign(context))
    names = ("campaign", "completeness", "artifact_count", "total_size", "missing")
    counts = {name: manifest[name] for name in names}
    return Counts({**counts, "plan_id": manifest["campaign"], "hash": manifest["package_hash"]})


def decide(
    context: Context, sign_tasks: Mapping[str, str], validation: Path | None = None
) -> Counts:
    """Record every role's answer and decide; NO_GO fails the task, after all is written.

    :param sign_tasks: task id of each role's sign-off.
    :param validation: file of the campaigns' sections, instead of the setting's.
    """
    from booking_sms import workflow
    from booking_sms.readiness.decision import GO

    app, campaign = current_application(), _campaign(context)
    _record_answers(app, campaign, context, sign_tasks)
    decision = workflow.decide_readiness(app, campaign, validation=validation)
    for reason in decision.reasons:
        log.warning("%s", reason)
    if decision.decision != GO:
        told = f"{decision.decision}: {len(decision.reasons)} reasons, {decision.passed} of"
        raise ActionRefused(f"{told} {decision.total} criteria pass", campaign=campaign)
    return Counts({"decision": decision.decision, "hash": decision.package_hash})


def _campaign(context: Context) -> str:
    """The campaign that was asked for; ActionRefused for a run without one."""
    campaign = str(context["params"].get("campaign") or "").strip()
    if not campaign:
        raise ActionRefused("which campaign? trigger with the param campaign")
    return campaign


def _record_answers(
    app: Application, campaign: str, context: Context, sign_tasks: Mapping[str, str]
) -> None:
    from booking_sms import workflow

    for role, task_id in sign_tasks.items():
        sign_off = sign_off_of(role, context, task_id, app)
        if sign_off is not None:
            workflow.record_sign_off(app, campaign, sign_off)


def sign_off_of(role: str, context: Context, task_id: str, app: Application) -> SignOff | None:
    """A role's answer, bound to the package that it was shown; anything but a yes is a no.

    None for a role that was never asked: what it signed elsewhere stands.
    """
    from booking_sms.readiness.decision import SignOff
    from booking_sms_airflow.approval import SHOWN
    from booking_sms_airflow.sign_off import RoleSignOff

    ti = context["ti"]
    answer = ti.xcom_pull(task_ids=task_id) or {}
    shown = ti.xcom_pull(task_ids=task_id, key=SHOWN)
    if not shown:
        return None
    by = str(answer.get("by") or "")
    approved = answer.get("decision") == RoleSignOff.APPROVE and bool(by)
    told = f"{answer.get('decision')} in Airflow, run {context['dag_run'].run_id}"
    return SignOff(
        role=role,
        approved=approved,
        by=by,
        at=_instant(answer.get("at")) or app.clock.now(),
        reason=told if by else TIMED_OUT,
        package_hash=str(shown["hash"]),
    )


def _instant(text: Any) -> datetime | None:
    return datetime.fromisoformat(str(text)) if text else None
