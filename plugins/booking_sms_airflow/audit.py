"""The step of ``sms_audit`` at Airflow's edge."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from booking_sms_airflow.application import current_application
from booking_sms_airflow.results import Counts
from booking_sms_airflow.window import interval_end_of

DAG_ID = "sms_audit"
DAY = "day"


def audit_day(context: Mapping[str, Any]) -> Counts:
    """Compare the run's day; raises AuditResidue when list and jobs do not agree."""
    from booking_sms import workflow
    from booking_sms.domain.errors import AuditResidue
    from booking_sms.telemetry.run_metrics import measured_task

    app = current_application()
    # Residue is a finding and no sign that the audit itself has not come to its end.
    with measured_task(app, DAG_ID, "audit_day", is_last=True):
        found = workflow.audit_day(app, day_of(context))
    if not found.is_clean:
        raise AuditResidue(day=found.day, residue=len(found.residue), items=len(found.unreadable))
    return Counts(found.counts())


def day_of(context: Mapping[str, Any]) -> date | None:
    """The day that was asked for, else the one before a scheduled run; None: yesterday."""
    asked = context["params"].get(DAY)
    if asked:
        return date.fromisoformat(asked)
    end = interval_end_of(context)
    return (end - timedelta(days=1)).date() if end else None
