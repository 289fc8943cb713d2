"""The steps of ``sms_dispatch`` at Airflow's edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from booking_sms_airflow.application import current_application
from booking_sms_airflow.gate import require_count
from booking_sms_airflow.results import Counts
from booking_sms_airflow.stop_signal import stop_on_sigterm

DAG_ID = "sms_dispatch"


def claim_and_send(shards: Sequence[int]) -> Counts:
    """Drain what is due now in these shards; a stop request is honoured between two messages."""
    from booking_sms import workflow
    from booking_sms.telemetry.run_metrics import measured_task

    app = current_application()
    with measured_task(app, DAG_ID, "claim_and_send"), stop_on_sigterm() as should_stop:
        return Counts(workflow.claim_and_send(app, shards, should_stop))


def report_dispatch(results: Sequence[Mapping[str, Any]], groups: int) -> Counts:
    """Tell the owner what was sent, then turn red if a group of shards did not end."""
    from booking_sms import workflow
    from booking_sms.telemetry.run_metrics import measured_task

    app = current_application()
    with measured_task(app, DAG_ID, "report_dispatch", is_last=True):
        came = list(results[:])
        report = workflow.report_dispatch(app, came)
    require_count("claim_and_send", len(came), groups)
    return Counts(report)
