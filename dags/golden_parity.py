"""
### Prove that our rules decide as the predecessor did

Decides the predecessor's recorded runs with our own planner and compares what would have been
sent, written and told, field by field. Beside it, and counted apart, our own expectations of
rules that the predecessor never had.

**Why this schedule.** Every hour the checksum of rules, texts, stores and goldens is looked at,
which costs a second; the rest runs until those very files had a clean verdict, and once a day at
05:10 whatever they are. Files are edited outside Airflow, so nothing there could announce an
asset; a checksum cannot be forgotten, and a run that was missed is made up for by the next. By
hand it always judges.

**Reads** `include/golden` (checked against its manifest), `rules`, `messages`, `stores`. No table,
no booking, no customer: everybody in a golden is invented. **Writes** outcomes, comparison and
report (object storage, `parity/golden/RUN`), metrics of the comparison (CloudWatch), an alert to
the team when red.

**Why a re-run is safe.** It only decides and compares; nothing can be sent from here. Each try
stages its own objects.

**When it is red**
- `load_golden`: a golden is not what its manifest says. `booking-sms golden verify` names file and
  field. A recording is restored from the repository, never recorded again.
- `compare`: the explained differences could not be read; the error names file and line.
- `publish`: unexplained differences, or nothing was compared. The report is under *Browse, Parity*
  ([open it](/plugin/parity)), its data in the stage under the key in the task's result.
  `booking-sms parity` shows the same by hand. A rule set with differences must not go live: no
  metric is to be silenced.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, get_current_context, task

from _defaults import DEFAULT_ARGS, START_DATE, TAGS, TIMEZONE
from booking_sms_airflow import golden
from booking_sms_airflow.results import Counts

DAG_ID = "golden_parity"

# Ten minutes past: off the minutes at which bookings are read and texts are sent.
SCHEDULE = CronTriggerTimetable("10 * * * *", timezone=TIMEZONE)
RUN_TIMEOUT = timedelta(minutes=18)


@dag(
    dag_id=DAG_ID,
    schedule=SCHEDULE,
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_TIMEOUT,
    default_args=DEFAULT_ARGS,
    tags=[*TAGS, "parity"],
    doc_md=__doc__,
)
def golden_parity() -> None:
    """Load, decide, compare; expect; publish."""

    @task(retries=1)
    def load_golden() -> Counts:
        return golden.load_golden(get_current_context())

    @task(retries=1)
    def decide_candidate() -> Counts:
        return golden.decide_candidate(get_current_context())

    @task(task_id="compare", retries=1)
    def compare_outcomes(decided: Counts) -> Counts:
        return golden.compare_outcomes(get_current_context(), decided)

    @task(retries=1)
    def expectations(compared: Counts) -> Counts:
        return golden.check_expectations(get_current_context(), compared)

    @task(retries=1)
    def publish(loaded: Counts, compared: Counts, expected: Counts) -> Counts:
        return golden.publish(get_current_context(), loaded, compared, expected)

    loaded, decided = load_golden(), decide_candidate()
    loaded >> decided
    compared = compare_outcomes(decided)
    publish(loaded, compared, expectations(compared))


golden_parity()
