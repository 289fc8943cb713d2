"""
### Send what is due now

Takes due jobs out of the outbox and sends them through Naver Cloud SENS, one recipient a request.
The only DAG that talks to SENS's send endpoint.

**Why this schedule.** At once when `booking_sms_etl` has loaded jobs (asset), and every 5 minutes:
asset events are dropped while this DAG is paused, so the tick is what guarantees progress. It
reads the clocks and never an interval, so a run in the past would mean nothing: do not backfill.

**Reads** `sms_jobs` (open index, then the items themselves), `sms_bodies`, `sms_control`.
**Writes** the intent before each POST and the outcome after it (`sms_jobs`), LEGACY's flag once a
message is accepted (`sms`), a masked summary to the owner; an alert when a cap is near, a page when
one holds texts (`booking-sms caps`).

**Why a re-run is safe.** Each send starts with one conditional write, the intent; whoever loses
that race sends nothing. A send whose outcome is not known is never repeated here: `sms_reconcile`
settles it against SENS's own list. `claim_and_send` has no retries, the next tick is the retry.

**To stop sending** throw the kill switch (`booking-sms control kill all --by --reason`). Pausing
this DAG is not the switch: jobs that a run has begun go on, and the alarms stay silent.

**When it is red**
- `claim_and_send [shards]`: this group stopped early. What it had begun is settled by
  `sms_reconcile`, the rest is taken by the next tick.
- `report_dispatch`: the owner was not told, or it says how many groups did not end.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, TriggerRule, dag, task

from _defaults import DEFAULT_ARGS, JOBS_LOADED, START_DATE, TAGS, TIMEZONE
from booking_sms_airflow import dispatch
from booking_sms_airflow.results import Counts

DAG_ID = "sms_dispatch"

SCHEDULE = AssetOrTimeSchedule(
    timetable=CronTriggerTimetable("*/5 * * * *", timezone=TIMEZONE), assets=[JOBS_LOADED]
)

# The 16 open shards in a constant number of groups. A recipient is always in one shard, so
# their texts leave in order.
SHARD_GROUPS = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14, 15]]

# Above the drain budget (200 s): the task has to end by itself, between two messages.
SEND_TIMEOUT = timedelta(seconds=270)
TELL_TIMEOUT = timedelta(minutes=1)
# One run at a time: whatever hangs holds up the next tick for no longer than this.
RUN_TIMEOUT = timedelta(minutes=8)
# A door code goes before the reading of more bookings when workers are short.
PRIORITY = 10


@dag(
    dag_id=DAG_ID,
    schedule=SCHEDULE,
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_TIMEOUT,
    default_args={**DEFAULT_ARGS, "priority_weight": PRIORITY},
    tags=[*TAGS, "sens"],
    doc_md=__doc__,
)
def sms_dispatch() -> None:
    """Claim and send by shard group, then tell the owner."""

    @task(
        retries=0,
        execution_timeout=SEND_TIMEOUT,
        map_index_template="shards {{ task.op_kwargs['shards'] | join(' ') }}",
    )
    def claim_and_send(shards: list[int]) -> Counts:
        return dispatch.claim_and_send(shards)

    @task(trigger_rule=TriggerRule.ALL_DONE, retries=1, execution_timeout=TELL_TIMEOUT)
    def report_dispatch(results: list[Counts]) -> Counts:
        return dispatch.report_dispatch(results, groups=len(SHARD_GROUPS))

    report_dispatch(claim_and_send.expand(shards=SHARD_GROUPS))


sms_dispatch()
