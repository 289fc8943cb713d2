"""The steps of ``sms_reconcile`` at Airflow's edge."""

from __future__ import annotations

from typing import Any

from booking_sms_airflow.application import current_application

Summary = dict[str, Any]


def settle_unknown_outcomes() -> Summary:
    """Settle every doubt that SENS's list can settle."""
    from booking_sms import workflow

    return workflow.settle_unknown_outcomes(current_application())


def poll_delivery_reports() -> Summary:
    """Ask SENS for the carriers' final words."""
    from booking_sms import workflow

    return workflow.poll_delivery_reports(current_application())


def expire_overdue() -> Summary:
    """Expire what is too late to send."""
    from booking_sms import workflow

    return workflow.expire_overdue(current_application())
