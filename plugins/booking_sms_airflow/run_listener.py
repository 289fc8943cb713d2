"""What the scheduler tells of runs that ended: failures always, good ends where it matters.

A run whose tasks were all killed leaves no callback behind, but the scheduler sees it end. Nothing
here waits, and nothing here may raise: a listener that fails would take the scheduler's round with
it.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from airflow.listeners import hookimpl

from booking_sms_airflow.announce import ENDED_WELL, FAILED
from booking_sms_airflow.failures import SEVERITY

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun

ASK_AGAIN_S = 3600.0
"""Another scheduler may have told of a failure: even a quiet DAG is looked at once in a while."""

log = logging.getLogger(__name__)
_quiet_since: dict[str, float] = {}


@hookimpl
def on_dag_run_failed(dag_run: DagRun, msg: str) -> None:
    """Tell of it, whoever else did."""
    if dag_run.dag_id in SEVERITY:
        _quiet_since.pop(dag_run.dag_id, None)
        hand_over(FAILED, dag_run.dag_id, dag_run.run_id)


@hookimpl
def on_dag_run_success(dag_run: DagRun, msg: str) -> None:
    """Take back what was told, unless nothing was lately."""
    dag_id = dag_run.dag_id
    if dag_id in SEVERITY and is_worth_asking(dag_id, time.monotonic()):
        hand_over(ENDED_WELL, dag_id, dag_run.run_id)


def is_worth_asking(dag_id: str, now_s: float) -> bool:
    """True at the first good end after a failure, and once an hour besides."""
    known = _quiet_since.get(dag_id)
    if known is not None and now_s - known < ASK_AGAIN_S:
        return False
    _quiet_since[dag_id] = now_s
    return True


def hand_over(what: str, dag_id: str, run_id: str) -> None:
    """Start the process that tells, and forget it."""
    here = str(Path(__file__).resolve().parents[1])
    path = os.pathsep.join([here, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    try:
        subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
            [sys.executable, "-m", "booking_sms_airflow.announce", what, dag_id, run_id],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        log.error("a run was not announced: dag=%s error=%s", dag_id, type(error).__name__)
