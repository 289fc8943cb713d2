"""The steps of ``sms_reconcile`` at Airflow's edge."""

from __future__ import annotations

from booking_sms_airflow.application import current_application
from booking_sms_airflow.results import Counts


def settle_unknown_outcomes() -> Counts:
    """Settle every doubt that SENS's list can settle."""
    from booking_sms import workflow

    return Counts(workflow.settle_unknown_outcomes(current_application()))


def poll_delivery_reports() -> Counts:
    """Ask SENS for the carriers' final words."""
    from booking_sms import workflow

    return Counts(workflow.poll_delivery_reports(current_application()))


def expire_overdue() -> Counts:
    """Expire what is too late to send."""
    from booking_sms import workflow

    return Counts(workflow.expire_overdue(current_application()))
