"""A repair as colleagues read it: masked, for the command line and every page."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from booking_sms.domain.booking import KST
from booking_sms.domain.phone import mask_phone
from booking_sms.domain.price import plain_number
from booking_sms.domain.store import StoreDirectory
from booking_sms.pipeline.repair_execution import ExecutionReport
from booking_sms.pipeline.repair_plan import ItemResult, Outcome, RepairItem, RepairPlan
from booking_sms.pipeline.report import alias_of

_DROPPED = frozenset({Outcome.EXPIRED, Outcome.SUPPRESSED})


def counts_of(plan: RepairPlan) -> dict[str, Any]:
    """Key, hash and counts only: for XCom, logs and the approval's page."""
    return {
        "plan_id": plan.plan_id,
        "hash": plan.plan_hash,
        "windows": len(plan.request.windows),
        "items": len(plan.items),
        "texts": len(plan.texts),
        "estimated_krw": plain_number(plan.estimated_krw),
        "outcomes": dict(Counter(_told(item) for item in plan.items)),
        "undecided": dict(Counter(one.reason for one in plan.undecided)),
        "failed_stores": dict(plan.failed_stores),
        "over_caps": list(plan.over_caps),
    }


def document_of(plan: RepairPlan, stores: StoreDirectory) -> dict[str, Any]:
    """Everything but recipients and names."""
    return {
        **counts_of(plan),
        "created_at": _iso(plan.created_at),
        "by": plan.by,
        "request": {
            "windows": [_iso(as_of) for as_of in plan.request.windows],
            "stores": list(plan.request.stores),
            "kinds": list(plan.request.kinds),
            "held": plan.request.held,
        },
        "rule_set": plan.rule_set,
        "code_version": plan.code_version,
        "messages": [_item(item, stores) for item in plan.items],
        "not_decided": [
            {"window": one.window, "booking": one.booking_num, "reason": one.reason}
            for one in plan.undecided
        ],
        "not_matched": dict(plan.not_matched),
        "approval": _approval(plan),
        "execution": _execution(plan),
    }


def report_of(report: ExecutionReport) -> dict[str, Any]:
    """Counts, then what became of each message."""
    return {**report.counts(), "results": [_result(result) for result in report.results]}


def _item(item: RepairItem, stores: StoreDirectory) -> dict[str, Any]:
    job = item.job
    return {
        "action": item.action.value,
        "window": job.window,
        "booking": job.booking_num,
        "job_id": job.job_id,
        "store": alias_of(job.store_id, stores) if job.store_id else "",
        "kind": job.kind,
        "rule": job.rule,
        "recipient": mask_phone(job.to) if job.is_text else job.channel,
        "outcome": item.outcome.value,
        "reason": item.reason,
        "quiet_hours": _quiet_hours(item),
        "deferred_to": _iso(item.deferred_to) if item.deferred_to else None,
        "class": job.message_class,
        "type": job.message_type,
        "bytes": item.bytes_used,
        "estimated_krw": plain_number(item.estimated_krw),
        "text": item.shown,
    }


def _quiet_hours(item: RepairItem) -> str:
    """``now``, ``deferred`` or ``dropped``; nothing of what would not go for another reason."""
    if item.outcome is Outcome.WOULD_DEFER:
        return "deferred"
    if item.outcome in _DROPPED:
        return "dropped"
    return "now" if item.leaves else ""


def _approval(plan: RepairPlan) -> dict[str, Any] | None:
    approval = plan.approval
    if approval is None:
        return None
    return {
        "hash": approval.plan_hash,
        "by": approval.by,
        "reason": approval.reason,
        "at": _iso(approval.at),
    }


def _execution(plan: RepairPlan) -> dict[str, Any] | None:
    execution = plan.execution
    if execution is None:
        return None
    return {
        "begun_at": _iso(execution.begun_at),
        "done_at": _iso(execution.done_at) if execution.done_at else None,
        "results": [_result(result) for result in execution.results],
    }


def _result(result: ItemResult) -> dict[str, Any]:
    return {
        "job_id": result.job_id,
        "booking": result.booking_num,
        "kind": result.kind,
        "store": result.store_id,
        "window": result.window,
        "planned": result.planned.value,
        "outcome": result.outcome.value,
        "reason": result.reason,
        "differs": result.differs,
    }


def _told(item: RepairItem) -> str:
    return f"{item.outcome}: {item.reason.split(' ')[0]}" if item.reason else item.outcome.value


def _iso(instant: datetime) -> str:
    return instant.astimezone(KST).isoformat(timespec="seconds")
