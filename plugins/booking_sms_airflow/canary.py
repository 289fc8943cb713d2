"""The steps of ``alert_canary`` at Airflow's edge."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from booking_sms_airflow.application import current_application
from booking_sms_airflow.measuring import measured_run_task
from booking_sms_airflow.results import Counts


def raise_synthetic_alarm() -> Counts:
    """Publish the number that must alarm."""
    from booking_sms import workflow

    return Counts(workflow.raise_synthetic_alarm(current_application()))


def send_test_notices(context: Mapping[str, Any]) -> Counts:
    """A test notice through every channel; one that refuses is judged by ``listen``."""
    from booking_sms import workflow

    where = f"alert_canary, run {context['run_id']}"
    return Counts(workflow.send_test_notices(current_application(), where))


def listen(context: Mapping[str, Any], sent: Counts | None) -> Counts:
    """Wait for deadline and alarm; raises CanarySilent with every part that was not heard."""
    from booking_sms import workflow

    app = current_application()
    with measured_run_task(app, context, is_last=True):
        return Counts(workflow.listen(app, str(context["run_id"]), sent, sleep=time.sleep))
