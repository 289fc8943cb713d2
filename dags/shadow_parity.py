"""
### Compare with the predecessor while it runs

What the candidate planned in comparison mode beside what the predecessor did, window by window.
Skipped while no campaign is open (`booking-sms campaign bootstrap`).

**Why this schedule.** Every 20 minutes, ten minutes after a window: the predecessor's run takes up
to five minutes and writes all the while, and its rows carry no instant. Ten minutes later it has
ended, and the next run has not begun, so what changed since the last read is this window's.

**Reads** the whole `sms` table (the rows have no instant, so nothing smaller would tell), the
comparison plans, SENS's list of the window. **Writes** a staged copy of keys and flags without a
person, and one record a window (`sms_plans`). Never writes `sms`, never sends.

**Why a re-run is safe.** The first read of a window stays: a later one would show later flags.
Everything else is worked out from it again, and comes out the same. A window that nobody read, or
that other rules decided than the campaign was opened with, is listed as not observed, and is
neither a match nor a mismatch.

**What it cannot see.** The predecessor's Telegram lines. The result says so.

**When it is red**
- `read_legacy`: the table could not be read. The window will be listed as not observed; clear the
  task at once or not at all.
- `compare_window`: SENS's list failing does not turn it red; the texts are then not observed.
- A mismatch does not turn it red: it is told to the team in counts, and starts the seven days anew.
  `booking-sms campaign status` shows the table; the runbook has the workflow.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, Param, dag, get_current_context, task

from _defaults import DEFAULT_ARGS, START_DATE, TAGS, TIMEZONE
from booking_sms_airflow import shadow
from booking_sms_airflow.results import Counts

DAG_ID = "shadow_parity"

# Half way between two windows: see above.
SCHEDULE = CronTriggerTimetable(
    "10,30,50 * * * *", timezone=TIMEZONE, interval=timedelta(minutes=20)
)
READ_TIMEOUT = timedelta(minutes=4)
RUN_TIMEOUT = timedelta(minutes=15)

PARAMS = {
    "window_end": Param(
        None,
        type=["null", "string"],
        format="date-time",
        title="End of the window",
        description="For a manual run, with a time zone: 2026-03-02T14:00:00+09:00.",
    )
}


@dag(
    dag_id=DAG_ID,
    schedule=SCHEDULE,
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_TIMEOUT,
    default_args=DEFAULT_ARGS,
    params=PARAMS,
    tags=[*TAGS, "parity"],
    doc_md=__doc__,
)
def shadow_parity() -> None:
    """Read, compare, report; without a campaign the first task skips them all."""

    @task(execution_timeout=READ_TIMEOUT)
    def read_legacy() -> Counts:
        return shadow.read_legacy(get_current_context())

    @task
    def compare_window() -> Counts:
        return shadow.compare_window(get_current_context())

    @task(retries=0)
    def report(compared: Counts) -> Counts:
        return shadow.report_shadow(get_current_context(), compared)

    compared = compare_window()
    read_legacy() >> compared
    report(compared)


shadow_parity()
