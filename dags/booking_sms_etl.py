"""
### Bookings of the last window into message jobs

Reads the bookings of every store from Naver Place, decides by the owner's rules who gets which
text, and stores each text as a job. It sends nothing: `sms_dispatch` does.

**Why this schedule.** Every 20 minutes, day and night, like the predecessor. A window is named by
its end, and that instant (`as_of`) is what every decision is made at, whenever the run happens.

**Reads** the partner booking API, the `session` and `sms` tables, the YAML of rules, texts and
stores. **Writes** staged payloads and the plan (object storage), `sms_jobs`, `sms_bodies`,
`sms_windows`, a masked notice of what was skipped, and after a gap one summary of it.

**Why a re-run is safe.** A job's key is what the customer would call the same message, and it is
put only if absent. Running a window again, or two windows at once, adds nothing. A plan older
than two windows is looked at once more when it is loaded (cancelled visits are recorded, moved ones
left out) and held for approval instead of being sent late: `repair_window`, or `booking-sms repair
preview --held`, shows and releases it. A cleared task extracts again.

**When a booking changed.** What waits for it is cancelled, superseded or rewritten before anything
new is loaded. `lost_changes` in the counts of `load_jobs` were too late, since the text had gone
out; `overtaken` messages were kept back for that reason, and the next window decides on them.

**By hand or as a backfill.** Trigger with `window_end`, for example `2026-03-02T14:00:00+09:00`.
A backfill from 20:00 to 20:40 decides as of 20:00, 20:20 and 20:40; while this DAG is paused it
waits without a word.

**When it is red**
- `open_session`: the login needs a person (captcha, new device, password). Nobody tries again by
  itself. Every store has a failed window, which a later repair covers.
- `extract_store [store]`: this store could not be read, the others went on. The next run heals it.
- `check_bookings`: the checks could not run. Jobs are planned all the same: door codes come first.
- `plan_jobs`, `load_jobs`: nothing, or not everything, was enqueued: the window counts as failed.
  Clear the task, or leave it to the next run.
- `report_window`: names the stores that did not come, or the tasks that left no result.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import (
    AsyncCallback,
    CronTriggerTimetable,
    DeadlineAlert,
    Param,
    TriggerRule,
    dag,
    get_current_context,
    task,
)

from _defaults import DEFAULT_ARGS, JOBS_LOADED, START_DATE, TAGS, TIMEZONE
from booking_sms_airflow import etl
from booking_sms_airflow.deadlines import FirstQueued
from booking_sms_airflow.pools import NAVER, NAVER_LOGIN
from booking_sms_airflow.results import Counts

DAG_ID = "booking_sms_etl"

WINDOW = timedelta(minutes=20)
# The interval is explicit: without it the window would have no width, and a backfill's
# from and to would not be the ends of the windows that it decides.
SCHEDULE = CronTriggerTimetable("*/20 * * * *", timezone=TIMEZONE, interval=WINDOW)

# Below the window's length: a run that hangs must not eat the next one.
RUN_TIMEOUT = timedelta(minutes=15)
# From the queue on, and not from the window's end: a backfilled run would always be late by that.
DEADLINE_MINUTES = 15
DEADLINE = DeadlineAlert(
    name="window-in-time",
    reference=FirstQueued(),
    interval=timedelta(minutes=DEADLINE_MINUTES),
    callback=AsyncCallback(
        "booking_sms_airflow.deadlines.tell_missed_deadline", {"minutes": DEADLINE_MINUTES}
    ),
)
EXTRACT_TIMEOUT = timedelta(minutes=8)
# A store that stays down must not hold back the others' texts: its real retry is the next window.
EXTRACT_RETRIES = 1

PARAMS = {
    "window_end": Param(
        None,
        type=["null", "string"],
        format="date-time",
        title="End of the window",
        description="Needed by hand, with offset: 2026-03-02T14:00:00+09:00. Ends: :00, :20, :40.",
    )
}


@dag(
    dag_id=DAG_ID,
    schedule=SCHEDULE,
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_TIMEOUT,
    deadline=DEADLINE,
    default_args=DEFAULT_ARGS,
    params=PARAMS,
    tags=[*TAGS, "naver"],
    doc_md=__doc__,
)
def booking_sms_etl() -> None:
    """Extract, check, plan, load, report."""

    @task(pool=NAVER_LOGIN.name)
    def open_session() -> list[str]:
        return etl.open_session(get_current_context())

    @task(
        pool=NAVER.name,
        retries=EXTRACT_RETRIES,
        execution_timeout=EXTRACT_TIMEOUT,
        map_index_template="{{ task.op_kwargs['store_id'] }}",
    )
    def extract_store(store_id: str) -> Counts:
        return etl.extract_store(get_current_context(), store_id)

    # One store's failure stops none of the others, so from here on every task runs whatever
    # became of those before it, and refuses when no store came at all.
    @task(trigger_rule=TriggerRule.ALL_DONE)
    def check_bookings(extracts: list[Counts]) -> Counts:
        return etl.check_bookings(get_current_context(), extracts)

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def plan_jobs(extracts: list[Counts]) -> Counts:
        return etl.plan_jobs(get_current_context(), extracts)

    # The asset is announced here and not by the gate: a failed store must not delay the texts
    # of the others.
    @task(trigger_rule=TriggerRule.ALL_DONE, outlets=[JOBS_LOADED])
    def load_jobs(planned: Counts) -> Counts:
        return etl.load_jobs(get_current_context(), planned)

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def report_window(extracts: list[Counts], checked: Counts, loaded: Counts) -> Counts:
        return etl.report_window(get_current_context(), extracts, checked, loaded)

    extracts = extract_store.expand(store_id=open_session())
    checked = check_bookings(extracts)
    planned = plan_jobs(extracts)
    loaded = load_jobs(planned)
    checked >> planned
    report_window(extracts, checked, loaded)


booking_sms_etl()
