"""
### The month's review: a checklist with its figures

What somebody should look at once a month, measured: texts against the cap, the estimated cost,
texts that did not arrive, how much the alarms told, what channels refused, whether the canary sang
and erasure ran every night, the size and age of the logs, silences, changes by people.

**Why this schedule.** On the first of the month at 09:30, about the month before. Half an hour
after the weekly report, so that a Monday brings the two one by one.

**Reads** the outbox as a whole (`sms_jobs`), counters and changes (`sms_control`), the evidence of
`alert_canary` and `ledger_maintenance`, the log folder of this machine, `silences.yaml`.
**Writes** `review-month.html` (evidence, below `reports`) and one notice to the team that names
the lines which want a look. Nobody is in any of it.

**Why a re-run is safe.** It measures again and keeps another version; the notice of a month is
told once.

**When it is red**
- `review_month`: `SettingsInvalid`, a silence in `silences.yaml` has expired or lacks its issue:
  take it out. Any other error: a table or the evidence store did not answer; clear it.
- A line that wants a look does not turn it red: the page says what to do
  ([open it](/plugin/review)).
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, task

from _defaults import DEFAULT_ARGS, START_DATE, TAGS, TIMEZONE
from booking_sms_airflow import maintenance
from booking_sms_airflow.results import Counts

DAG_ID = "monthly_review"

SCHEDULE = CronTriggerTimetable("30 9 1 * *", timezone=TIMEZONE)
# A whole table, page by page.
REVIEW_TIMEOUT = timedelta(minutes=10)
RUN_TIMEOUT = timedelta(minutes=18)


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
def monthly_review() -> None:
    """One task: figures of one instant."""

    @task(retries=1, execution_timeout=REVIEW_TIMEOUT)
    def review_month() -> Counts:
        return maintenance.review_month()

    review_month()


monthly_review()
