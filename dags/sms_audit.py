"""
### Prove that nothing was lost or doubled

The two-way proof of a day: every row of SENS's list belongs to exactly one job, and every accepted
job to exactly one row. The day is SENS's own, in Korean time; what is younger than the settle time
is not judged.

**Why this schedule.** Daily at 06:00, when the day before is long settled and nobody is texted. On
demand with the parameter `day`, or `booking-sms audit --day YYYY-MM-DD` without Airflow.

**Reads** SENS's list (all senders, all pages) and the whole base table `sms_jobs`: the only reader
of it that runs by itself. **Writes** counts as notes (`sms_control`: `audit`, `audit#DAY`), and the
index key of open jobs that the index had lost (`sms_jobs`), so that dispatch finds them again.
Never sends, and changes no job's state.

**Why a re-run is safe.** It only compares; healing the index is conditional on state and attempt.

**When it is red**
- `AuditResidue`: list and jobs do not agree. `booking-sms audit --day DAY` prints the table; the
  runbook says what each kind means and what to do.
- `GatewayListUnavailable`: SENS's list could not be read to its end. Half a proof is none; clear
  the task later, the list reaches back 90 days.
- An item that is no job of ours turns it red too: its key and the reason are in the table, and the
  other items were judged.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, Param, dag, get_current_context, task

from _defaults import DEFAULT_ARGS, START_DATE, TAGS, TIMEZONE
from booking_sms_airflow import audit
from booking_sms_airflow.results import Counts

DAG_ID = "sms_audit"

SCHEDULE = CronTriggerTimetable("0 6 * * *", timezone=TIMEZONE)
# A whole table and a day's list, page by page.
AUDIT_TIMEOUT = timedelta(minutes=8)
RUN_TIMEOUT = timedelta(minutes=18)

PARAMS = {
    "day": Param(
        None,
        type=["null", "string"],
        format="date",
        title="Day",
        description="SENS's day in Korea, YYYY-MM-DD. Empty: the day before.",
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
    tags=[*TAGS, "sens"],
    doc_md=__doc__,
)
def sms_audit() -> None:
    """One task: half a proof is none."""

    @task(retries=1, execution_timeout=AUDIT_TIMEOUT)
    def audit_day() -> Counts:
        return audit.audit_day(get_current_context())

    audit_day()


sms_audit()
