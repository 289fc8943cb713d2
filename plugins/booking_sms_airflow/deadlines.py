"""What Airflow calls when a run has not ended in time. It runs in the triggerer's event loop.

Named by its path in the DAG file: a function of the DAG file itself could not be imported there.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from asgiref.sync import sync_to_async

from booking_sms_airflow.application import current_application

log = logging.getLogger(__name__)

BACKFILL = "backfill"


async def tell_missed_deadline(minutes: int, context: Mapping[str, Any] | None = None) -> None:
    """Tell the team that a run is late; a backfilled run never is: nobody waits for its windows.

    ``context`` is Airflow's: the run and the deadline as plain documents.
    """
    run = (context or {}).get("dag_run", {})
    if run.get("run_type") == BACKFILL:
        log.info("a backfilled run has no deadline: %s", run.get("dag_run_id"))
        return
    dag_id, run_id = run.get("dag_id", "a run"), run.get("dag_run_id", "")
    text = f"{dag_id} {run_id} has not ended {minutes} minutes after it was queued"
    # The connection is read in a thread of the loop's own, as Airflow's hooks do it.
    await sync_to_async(_alert)(text)


def _alert(text: str) -> None:
    with_channel = current_application().alert(text)
    log.log(logging.INFO if with_channel else logging.ERROR, "deadline missed: %s", text)
