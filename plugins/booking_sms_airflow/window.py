"""From an Airflow run to the window that it decides, or to one clear line why not.

Scheduled and backfilled runs carry an interval; its end names the window. A manual run has no
interval that means anything, so it has to say ``window_end``.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import DownstreamTasksSkipped

from booking_sms.domain.booking import KST
from booking_sms.domain.errors import WindowRefused

if TYPE_CHECKING:
    from booking_sms.bootstrap import Application
    from booking_sms.domain.window import Window

log = logging.getLogger(__name__)

WINDOW_END = "window_end"
REFUSED = "refused"
"""XCom key of why a scheduled run was skipped."""
MANUAL, SCHEDULED = "manual", "scheduled"


def run_type_of(context: Mapping[str, Any]) -> str:
    """``scheduled``, ``backfill``, ``manual`` or ``asset_triggered``."""
    run_type = context["dag_run"].run_type
    return str(getattr(run_type, "value", run_type))


def interval_end_of(context: Mapping[str, Any]) -> datetime | None:
    """End of the run's interval, a plain datetime in Korea; None for manual runs.

    The UI's trigger form sends a logical date, from which Airflow infers an interval that
    nobody asked for: it is not taken for a window. Airflow's instants are pendulum's, whose
    arithmetic loses a zone that is not pendulum's own: none of them gets past this line.
    """
    if run_type_of(context) == MANUAL:
        return None
    end = context.get("data_interval_end") or context["dag_run"].data_interval_end
    return datetime.fromtimestamp(end.timestamp(), KST) if end else None


def window_end_of(context: Mapping[str, Any]) -> str | None:
    """What a manual run says in ``window_end``; a backfill's conf must not move its windows."""
    if run_type_of(context) != MANUAL:
        return None
    return context["params"].get(WINDOW_END) or None


def resolve(app: Application, context: Mapping[str, Any]) -> Window:
    """The run's window; raises WindowRefused."""
    from booking_sms import workflow

    return workflow.resolve_window(
        app, interval_end_of(context), window_end_of(context), run_type_of(context)
    )


def open_window(app: Application, context: Mapping[str, Any]) -> Window:
    """The run's window, for its first task: a scheduled run that is refused is skipped whole.

    A start in the middle of a day, or a world whose clock stands still, must not turn the grid
    red every twenty minutes. Everything downstream is skipped from here, because those tasks
    run whatever became of the tasks before them.
    """
    try:
        return resolve(app, context)
    except WindowRefused as refusal:
        if run_type_of(context) != SCHEDULED:
            raise
        log.warning("skipped: %s", refusal)
        # A success that leaves nothing is what a killed task looks like to the watchdog.
        context["ti"].xcom_push(key=REFUSED, value=refusal.code)
        downstream = context["task"].get_flat_relatives(upstream=False)
        raise DownstreamTasksSkipped(tasks=sorted(t.task_id for t in downstream)) from None
