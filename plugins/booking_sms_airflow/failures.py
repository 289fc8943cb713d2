"""How a failure of one of our DAGs is told: once, until a run of it ends well.

Tasks tell with their error's name; the run itself is told of by the listener, also when every task
was killed and could tell nothing. Both have one key, so people hear of it once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from booking_sms.bootstrap import Application

MEDIUM, HIGH = "medium", "high"
SEVERITY: Mapping[str, str] = {
    "alert_canary": HIGH,
    "booking_sms_etl": HIGH,
    "daily_summary": MEDIUM,
    "golden_parity": MEDIUM,
    "ledger_maintenance": MEDIUM,
    "monthly_review": MEDIUM,
    "readiness_gate": MEDIUM,
    "repair_window": MEDIUM,
    "shadow_parity": MEDIUM,
    "sms_audit": HIGH,
    "sms_dispatch": HIGH,
    "sms_reconcile": HIGH,
    "weekly_report": MEDIUM,
}
"""Our DAGs: what holds up door codes or money is for now, the rest for working hours."""


def run_key(dag_id: str) -> str:
    """Key of the notice that a DAG's runs fail."""
    return f"run#{dag_id}"


def tell_failure(
    app: Application, dag_id: str, run_id: str, facts: Mapping[str, str], logs: str = ""
) -> str:
    """Tell of a failed run, unless it is known; the outcome in a word."""
    from booking_sms.notify import Notice, Severity

    notice = Notice(
        key=run_key(dag_id),
        title=f"{dag_id} failed",
        severity=Severity(SEVERITY.get(dag_id, MEDIUM)),
        where=f"{dag_id}, run {run_id}",
        since=app.clock.now(),
        facts=facts,
        runbook="run-errors",
        logs=logs,
    )
    return app.notify(notice).outcome


def tell_end(app: Application, dag_id: str) -> list[str]:
    """A run ended well: take back what was told of the DAG; outcomes in words."""
    from booking_sms.workflow import late_key

    return [app.recovered(key).outcome for key in (run_key(dag_id), late_key(dag_id))]
