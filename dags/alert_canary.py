"""
### Prove every day that alerting works

Does what must be noticed and listens for it: a deadline that is always missed, a number that must
alarm, a test notice through each channel. An alarm path that nobody uses breaks in silence, and
what it would have told of is found by a customer at a locked door.

**Why this schedule.** Daily at 07:30, before the first visits and while somebody reads Slack. The
alarm *canary-silent* fires when no beat arrives for a day: that is the case in which Airflow itself
is down and this DAG cannot speak.

**Reads** the note that the deadline's callback writes (`sms_control`), the number and the alarm as
CloudWatch shows them. **Writes** a test notice to Slack, Telegram and the SNS topic, the metrics
`CanaryAlarm` (always 1) and `CanaryBeat` (1, or 0 when a part was silent), the result with the
proof of each delivery (evidence, `alert_canary/canary.json`). No customer is in any of it.

**Why a re-run is safe.** It tells people once more that nobody has to act. A cleared run keeps its
deadline note, so only its first try proves the deadline: trigger a new run instead.

**When it is red**
- `listen`: `CanarySilent` names the parts that were not heard and why: a channel that refused or
  is not connected; `deadline`: the triggerer is down or cannot import our package; `alarm`: the
  number did not arrive, or the alarm is not there (`booking-sms monitoring apply`). The runbook's
  entry is *canary-silent*.
- `raise_synthetic_alarm`, `send_test_notices`: the connections cannot be read:
  `booking-sms doctor`. `listen` runs all the same.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import (
    AsyncCallback,
    CronTriggerTimetable,
    DeadlineAlert,
    TriggerRule,
    dag,
    get_current_context,
    task,
)

from _defaults import DEFAULT_ARGS, START_DATE, TAGS, TIMEZONE
from booking_sms_airflow import canary
from booking_sms_airflow.deadlines import FirstQueued
from booking_sms_airflow.results import Counts

DAG_ID = "alert_canary"

SCHEDULE = CronTriggerTimetable("30 7 * * *", timezone=TIMEZONE)
# No run can end within a second of being queued: this deadline is always missed.
DEADLINE = DeadlineAlert(
    name="must-be-missed",
    reference=FirstQueued(),
    interval=timedelta(seconds=1),
    callback=AsyncCallback("booking_sms_airflow.deadlines.note_canary"),
)
# An alarm looks once in five minutes.
LISTEN_TIMEOUT = timedelta(minutes=12)
RUN_TIMEOUT = timedelta(minutes=18)


@dag(
    dag_id=DAG_ID,
    schedule=SCHEDULE,
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_TIMEOUT,
    deadline=DEADLINE,
    default_args=DEFAULT_ARGS,
    tags=[*TAGS, "watch"],
    doc_md=__doc__,
)
def alert_canary() -> None:
    """Sing, then listen."""

    @task(retries=1)
    def raise_synthetic_alarm() -> Counts:
        return canary.raise_synthetic_alarm()

    @task(retries=1)
    def send_test_notices() -> Counts:
        return canary.send_test_notices(get_current_context())

    # Whatever became of the others: a part that could not even be sent is silent too.
    @task(retries=0, trigger_rule=TriggerRule.ALL_DONE, execution_timeout=LISTEN_TIMEOUT)
    def listen(sent: Counts) -> Counts:
        return canary.listen(get_current_context(), sent)

    raised, sent = raise_synthetic_alarm(), send_test_notices()
    raised >> sent
    listen(sent)


alert_canary()
