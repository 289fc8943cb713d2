"""A run that is late: a number for the alarm, a notice for the team."""

from __future__ import annotations

from booking_sms.bootstrap import Application
from booking_sms.notify import Delivery, Notice, Severity
from booking_sms.telemetry.run_metrics import publish_count


def tell_late(app: Application, dag_id: str, run_id: str, minutes: int) -> Delivery:
    """Count a missed deadline and tell of it; ``minutes`` is how long the run was given."""
    publish_count(app, "DeadlineMissed", 1, Dag=dag_id)
    return app.notify(
        Notice(
            key=late_key(dag_id),
            title=f"{dag_id} has not ended well {minutes} minutes after it was queued",
            severity=Severity.HIGH,
            where=f"{dag_id}, run {run_id}",
            since=app.clock.now(),
            runbook="deadline-missed",
        )
    )


def late_key(dag_id: str) -> str:
    """Key of the notice that a DAG's runs are late; a run that ends well takes it back."""
    return f"deadline#{dag_id}"
