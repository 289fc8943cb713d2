"""Measures a task at Airflow's edge: which DAG and task it is comes from the run itself."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from booking_sms.bootstrap import Application


def measured_run_task(
    app: Application, context: Mapping[str, Any], *, is_last: bool = False
) -> AbstractContextManager[None]:
    """Publish what the task of this context cost, however it ends; see ``run_metrics``."""
    from booking_sms.telemetry.run_metrics import measured_task

    ti = context["ti"]
    return measured_task(app, ti.dag_id, ti.task_id, is_last=is_last)
