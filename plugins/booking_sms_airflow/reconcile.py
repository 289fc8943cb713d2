"""The steps of ``sms_reconcile`` at Airflow's edge."""

from __future__ import annotations

from booking_sms_airflow.application import current_application
from booking_sms_airflow.results import Counts

DAG_ID = "sms_reconcile"


def settle_unknown_outcomes() -> Counts:
    """Settle every doubt that SENS's list can settle.

    Of the three tasks that do not wait for each other, this one tells that the DAG lives: a doubt
    that nobody settles is a text that may be missing.
    """
    from booking_sms import workflow
    from booking_sms.telemetry.run_metrics import measured_task

    app = current_application()
    with measured_task(app, DAG_ID, "settle_unknown_outcomes", is_last=True):
        return Counts(workflow.settle_unknown_outcomes(app))


def poll_delivery_reports() -> Counts:
    """Ask SENS for the carriers' final words."""
    from booking_sms import workflow
    from booking_sms.telemetry.run_metrics import measured_task

    app = current_application()
    with measured_task(app, DAG_ID, "poll_delivery_reports"):
        return Counts(workflow.poll_delivery_reports(app))


def expire_overdue() -> Counts:
    """Expire what is too late to send."""
    from booking_sms import workflow
    from booking_sms.telemetry.run_metrics import measured_task

    app = current_application()
    with measured_task(app, DAG_ID, "expire_overdue"):
        return Counts(workflow.expire_overdue(app))
