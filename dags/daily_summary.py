"""
### The owner's evening line

Tells the owner in Telegram what the day's windows planned and what became of it: by kind, by
store, and what wants a look. A day without a message is silent.

**Why this schedule.** Daily at 22:00, after the last visits have begun. A run that is repeated
later tells of its own evening; a run by hand tells of the day so far and leaves the evening its
line.

**Reads** the day's staged plans and the jobs that they name (`sms_jobs`), exactly and without a
scan. **Writes** one Telegram message of counts, without a person, and the note that it was told
(`sms_control`).

**Why a re-run is safe.** The note keeps the day's line from being told twice; one that could not
be delivered is not noted, and the next run tells it.

**When it is red**
- `tell_day`: a table or the stage did not answer, or no key opens a staged plan
  (`booking-sms doctor`). Nobody misses a text by it: clear the task, it tells the same line.
- Green and no message: nothing was planned on that day, or Telegram did not take it
  (`team_told` in the task's log; the runbook's entry is *notices-failed*).
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, get_current_context, task

from _defaults import DEFAULT_ARGS, START_DATE, TAGS, TIMEZONE
from booking_sms_airflow import maintenance
from booking_sms_airflow.results import Counts

DAG_ID = "daily_summary"

SCHEDULE = CronTriggerTimetable("0 22 * * *", timezone=TIMEZONE)
RUN_TIMEOUT = timedelta(minutes=15)


@dag(
    dag_id=DAG_ID,
    schedule=SCHEDULE,
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_TIMEOUT,
    default_args=DEFAULT_ARGS,
    tags=[*TAGS, "report"],
    doc_md=__doc__,
)
def daily_summary() -> None:
    """One task: one line."""

    @task
    def tell_day() -> Counts:
        return maintenance.tell_day(get_current_context())

    tell_day()


daily_summary()
