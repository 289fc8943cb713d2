"""
### Find out what became of every text

Settles sends whose outcome is not known, asks for delivery reports, and expires what is too late
to send.

**Why this schedule.** Every 10 minutes. A doubt may be settled only after the settle time (8
minutes by default), from which on SENS itself refuses the old request; delivery reports arrive
within minutes.

**Reads** `sms_jobs` and SENS's list of sent messages. **Writes** the jobs' states (`sms_jobs`) and
a missing flag of LEGACY's (`sms`). Never sends: what was certainly not sent is given back to
`sms_dispatch`.

**Why a re-run is safe.** Every change of state is one conditional write on state and attempt, so
the three tasks may run at once, twice, or beside a sender.

**When it is red**
- `settle_unknown_outcomes`, `poll_delivery_reports`: SENS's list could not be read. No doubt is
  settled without it; the next run tries again.
- `expire_overdue`: the outbox could not be written. Nothing that is too late is sent meanwhile:
  dispatch looks at the deadline itself.
- Jobs held for a person do not turn it red; `booking-sms outbox stats` counts them.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, task

from _defaults import DEFAULT_ARGS, START_DATE, TAGS, TIMEZONE
from booking_sms_airflow import reconcile
from booking_sms_airflow.results import Counts

DAG_ID = "sms_reconcile"

SCHEDULE = CronTriggerTimetable("*/10 * * * *", timezone=TIMEZONE)
RUN_TIMEOUT = timedelta(minutes=9)


@dag(
    dag_id=DAG_ID,
    schedule=SCHEDULE,
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_TIMEOUT,
    default_args=DEFAULT_ARGS,
    tags=[*TAGS, "sens"],
    doc_md=__doc__,
)
def sms_reconcile() -> None:
    """Three tasks that do not wait for each other: none is worth less when another failed."""

    @task
    def settle_unknown_outcomes() -> Counts:
        return reconcile.settle_unknown_outcomes()

    @task
    def poll_delivery_reports() -> Counts:
        return reconcile.poll_delivery_reports()

    @task
    def expire_overdue() -> Counts:
        return reconcile.expire_overdue()

    settle_unknown_outcomes()
    poll_delivery_reports()
    expire_overdue()


sms_reconcile()
