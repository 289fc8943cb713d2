"""
### Texts of the week, by store, kind and hour

Counts the seven days before today from the outbox and keeps a page with plots that opens offline,
and the same rows as CSV; the team gets a short notice.

**Why this schedule.** Mondays at 09:00: the week is whole, and whoever reads it has just begun
theirs. It is about Monday to Sunday; on another day about the seven days before that day.

**Reads** the outbox as a whole (`sms_jobs`), the stores' names. **Writes** `texts-week.html` and
`texts-week.csv` (evidence, below `reports`), one notice of counts to the team. Nobody is in any of
it. `booking-sms report texts` gives the same for any days, and Parquet too.

**Why a re-run is safe.** It counts again and keeps another version; the notice of a week is told
once.

**When it is red**
- `build_report`: the outbox or the evidence store did not answer. Clear it: it counts the same
  days as long as it is the same day.
- `tell`: the notice's note could not be read. The page is there: *Browse, Texts*
  ([open it](/plugin/report)).
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, get_current_context, task

from _defaults import DEFAULT_ARGS, START_DATE, TAGS, TIMEZONE
from booking_sms_airflow import maintenance
from booking_sms_airflow.results import Counts

DAG_ID = "weekly_report"

SCHEDULE = CronTriggerTimetable("0 9 * * 1", timezone=TIMEZONE)
# A whole table, page by page.
BUILD_TIMEOUT = timedelta(minutes=10)
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
def weekly_report() -> None:
    """Build, then tell."""

    @task(retries=1, execution_timeout=BUILD_TIMEOUT)
    def build_report() -> Counts:
        return maintenance.build_week()

    @task
    def tell(built: Counts) -> Counts:
        return maintenance.tell_week(get_current_context(), built)

    tell(build_report())


weekly_report()
