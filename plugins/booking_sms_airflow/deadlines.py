"""From when a run's deadline counts, and what Airflow calls when it has passed.

The callback runs in the triggerer's event loop. It is named by its path in the DAG file: a
function of the DAG file itself could not be imported there.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions.deadline import (
    BaseDeadlineReference,
    DeadlineReference,
    deadline_reference,
)
from asgiref.sync import sync_to_async

from booking_sms_airflow.application import current_application

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

BACKFILL = "backfill"


@deadline_reference(DeadlineReference.TYPES.DAGRUN_QUEUED)
class FirstQueued(BaseDeadlineReference):
    """When the run was queued for the first time; a cleared run gets no new deadline.

    Not Airflow's own DAGRUN_QUEUED_AT: with it no failed run can be cleared or processed again
    (apache/airflow issue 70368, 3.3.0 and later), neither in the UI nor by a backfill.
    """

    required_kwargs = frozenset({"dag_id", "run_id"})

    def _evaluate_with(self, *, session: Session, dag_id: str, run_id: str) -> datetime | None:
        from airflow.models import DagRun
        from sqlalchemy import select

        where = (DagRun.dag_id == dag_id, DagRun.run_id == run_id)
        return session.scalar(select(DagRun.queued_at).where(*where))


async def tell_missed_deadline(minutes: int, context: Mapping[str, Any] | None = None) -> None:
    """Tell the team that a run is late; a backfilled run never is: nobody waits for its windows.

    ``context`` is Airflow's: the run and the deadline as plain documents.
    """
    run = (context or {}).get("dag_run", {})
    if run.get("run_type") == BACKFILL:
        log.info("a backfilled run has no deadline: %s", run.get("dag_run_id"))
        return
    dag_id, run_id = run.get("dag_id", "a run"), run.get("dag_run_id", "")
    # The connection is read in a thread of the loop's own, as Airflow's hooks do it.
    await sync_to_async(_tell_late)(str(dag_id), str(run_id), minutes)


async def note_canary(context: Mapping[str, Any] | None = None) -> None:
    """The canary's deadline: it must be missed every day, and says so to the run that waits."""
    run = (context or {}).get("dag_run", {})
    await sync_to_async(_note_canary)(str(run.get("dag_run_id", "")))


def _tell_late(dag_id: str, run_id: str, minutes: int) -> None:
    from booking_sms import workflow

    told = workflow.tell_late(current_application(), dag_id, run_id, minutes)
    log.log(
        logging.INFO if told.outcome != "undelivered" else logging.ERROR,
        "deadline missed: %s %s: %s",
        dag_id,
        run_id,
        told.outcome,
    )


def _note_canary(run_id: str) -> None:
    from booking_sms.workflow.canary import note_deadline

    note_deadline(current_application(), run_id)
    log.info("the canary's deadline was missed, as it has to be: %s", run_id)
