"""What every task does when it has failed for good: a line and a notice, ids and codes only.

The error's message is left out on purpose. Ours are safe, but a library's may quote what it
was given, and this line is the one that leaves the machine.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

log = logging.getLogger(__name__)


def log_task_failure(context: Mapping[str, Any]) -> None:
    """Log where a task failed and the error's name."""
    ti, error = context["ti"], context.get("exception")
    log.error(
        "task failed: dag=%s task=%s map_index=%s run=%s try=%s error=%s",
        ti.dag_id,
        ti.task_id,
        ti.map_index,
        ti.run_id,
        ti.try_number,
        type(error).__name__,
    )


def announce_task_failure(context: Mapping[str, Any]) -> None:
    """Tell the team, once until a run ends well; never fails what has failed already."""
    ti, error = context["ti"], context.get("exception")
    facts = {
        "task": ti.task_id if ti.map_index < 0 else f"{ti.task_id} [{ti.map_index}]",
        "error": type(error).__name__,
        "try": str(ti.try_number),
    }
    try:
        from booking_sms_airflow.application import current_application
        from booking_sms_airflow.failures import tell_failure

        app = current_application()
        logs = str(getattr(ti, "log_url", "") or "")
        outcome = tell_failure(app, ti.dag_id, ti.run_id, facts, logs)
        log.info("failure of %s announced: %s", ti.dag_id, outcome)
    except Exception as failure:  # noqa: BLE001 - a notice must never fail what it speaks of
        log.error("failure of %s not announced: %s", ti.dag_id, type(failure).__name__)
