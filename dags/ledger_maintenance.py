"""
### Erase by age, renew the session, clean Airflow

Three works of the night that do not wait for each other: personal data goes by age, with counts as
proof; the Naver session is probed, and renewed while nobody waits for it; rows and logs of Airflow
itself are cleaned.

**Why this schedule.** Daily at 03:30: no visits, no other daily work, and the sweep of 04:00 of
the last nights is there to prove which bookings Naver lists no more.

**Reads** the outbox and the ledger as a whole, the staged snapshots of the last nights, the stored
session. **Writes** blanks in place of names, phones and texts (`sms_jobs`, `sms`), erases keys
(`sms_jobs`, `sms`), texts (`sms_bodies`), repair plans (`sms_plans`) and staged files by age; the
counts of it (evidence, `retention/retention.json`); the session; deletes old rows of Airflow's
database and old log files. Never sends. The ledger is touched only while the delivery mode is
live: before that it is the predecessor's.

**Why a re-run is safe.** Each blank and each erasure is one conditional write, and what is gone is
not found again. A key goes only where no window that is still decided can ask for its booking, and
where no snapshot lists it. A run that was cut off is finished by the next.

**When it is red**
- `erase_personal_data`: a table did not answer. Clear it, or leave it to the next night; what is
  erased one night late was safe all the time.
- `refresh_session`: the login needs a person, or Naver did not answer: the runbook's entry is
  *login-needs-person*. The windows of the morning will fail as well.
- `clean_airflow`: `CleaningFailed`, Airflow's own command did not end well; on SQLite a busy
  scheduler is the usual cause. *Skipped* means that the connection `airflow_metadata` is not
  defined: the logs were cleaned, the database was not.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, Param, dag, get_current_context, task

from _defaults import DEFAULT_ARGS, START_DATE, TAGS, TIMEZONE
from booking_sms_airflow import maintenance
from booking_sms_airflow.pools import NAVER_LOGIN
from booking_sms_airflow.results import Counts

DAG_ID = "ledger_maintenance"

SCHEDULE = CronTriggerTimetable("30 3 * * *", timezone=TIMEZONE)
# Whole tables, page by page.
LONG = timedelta(minutes=16)
RUN_TIMEOUT = timedelta(minutes=18)

PARAMS = {
    "airflow_days": Param(
        30,
        type="integer",
        minimum=8,
        maximum=366,
        title="Days that Airflow's rows and logs are kept",
        description="Older runs disappear from the pages of Airflow. The outbox is not concerned.",
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
    tags=[*TAGS, "maintenance"],
    doc_md=__doc__,
)
def ledger_maintenance() -> None:
    """Three tasks that do not wait for each other."""

    @task(retries=1, execution_timeout=LONG)
    def erase_personal_data() -> Counts:
        return maintenance.erase_personal_data()

    @task(pool=NAVER_LOGIN.name)
    def refresh_session() -> Counts:
        return maintenance.refresh_session()

    @task(retries=1, execution_timeout=LONG)
    def clean_airflow() -> Counts:
        context = get_current_context()
        return maintenance.clean_airflow(context, context["params"]["airflow_days"])

    erase_personal_data()
    refresh_session()
    clean_airflow()


ledger_maintenance()
