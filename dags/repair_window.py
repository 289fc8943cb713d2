"""
### Make good for missed windows, read before it is done

After an outage: decides the windows from `window_start` to `window_end` (both by their ends, both
included) as they should have been decided, and shows who would get which text. A person approves
that very plan, and only then is it carried out. It also lets go of what waits for approval: what
Airflow's own backfill of `booking_sms_etl` held, or a cleared old run.

**Why this schedule.** None: only a person repairs. `dry_run` is on unless turned off; then the
run ends after the preview and a rehearsal, asks nobody and writes nothing but the plan.

**Reads** staged snapshots of the windows, else the partner booking API (facts are then
*reconstructed*), the outbox, the ledger, rules and texts. **Writes** the plan, its approval and
what was done (`sms_plans`, recipients and texts sealed), jobs and texts (`sms_jobs`, `sms_bodies`),
coverage (`sms_windows`). It sends nothing: `sms_dispatch` does.

**How to approve.** The task `approve_plan` waits under *Required actions* for 25 minutes. Read the
plan first: `booking-sms repair show PLAN`. The hash covers every message, and what is done is a
subset of it: a booking that was cancelled, moved or got another phone meanwhile, a rule or text
that changed, a message that is too late by now is left out, with its reason. *Reject*, and no
answer, end the run green with nothing done.

**Why a re-run is safe.** A job is put only if absent and let go only while it is held. A cleared
`execute_plan` goes on where it ended. A cleared `preview_effects` makes another plan, which the
old approval does not cover.

**When it is red**
- `preview_effects`: the range is off the grid, reversed or to come, no rule makes that kind, or the
  plan is over a cap (`BOOKING_SMS_REPAIR_MAX_TEXTS`, `_MAX_KRW`, `_MAX_AGE_HOURS`).
- `execute_plan`: the plan is not the one that was approved, or older than 30 minutes; or stores
  could not be read (the others are done): run it again for those.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param, dag, get_current_context, task

from _defaults import DEFAULT_ARGS, JOBS_LOADED, START_DATE, TAGS
from booking_sms_airflow import repair
from booking_sms_airflow.approval import PlanApproval
from booking_sms_airflow.pools import NAVER
from booking_sms_airflow.results import Counts

DAG_ID = "repair_window"
PREVIEW, APPROVE = "preview_effects", "approve_plan"

# A plan is valid for 30 minutes: an answer must leave time to begin.
ANSWER_TIMEOUT = timedelta(minutes=25)
STEP_TIMEOUT = timedelta(minutes=15)
RUN_TIMEOUT = timedelta(hours=1)

SUBJECT = "Repair: {{ ti.xcom_pull(task_ids='preview_effects')['texts'] }} texts to customers"
BODY = """{% set plan = ti.xcom_pull(task_ids='preview_effects') %}
{%- macro told(counts) %}{% for name, what in counts.items() %}{{ name }} {{ what }}
{{- '' if loop.last else ', ' }}{% else %}none{% endfor %}{% endmacro -%}
Plan `{{ plan['plan_id'] }}`, hash `{{ plan['hash'] }}`

| | |
|---|---|
| windows | {{ plan['windows'] }} |
| texts | {{ plan['texts'] }} (about {{ plan['estimated_krw'] }} won) |
| outcomes | {{ told(plan['outcomes']) }} |
| not decided | {{ told(plan['undecided']) }} |
| stores not read | {{ told(plan['failed_stores']) }} |

Read it before you answer: `booking-sms repair show {{ plan['plan_id'] }}`
"""

PARAMS = {
    "window_start": Param(
        None,
        type=["null", "string"],
        format="date-time",
        title="End of the first window",
        description="With offset: 2026-03-02T20:00:00+09:00. Windows end at :00, :20, :40.",
    ),
    "window_end": Param(
        None,
        type=["null", "string"],
        format="date-time",
        title="End of the last window",
        description="Included. The same as the first for one window.",
    ),
    "stores": Param([], type="array", title="Stores", description="Store ids; none: all."),
    "kinds": Param([], type="array", title="Kinds", description="confirm, guide...; none: all."),
    "held": Param(False, type="boolean", description="Also all that waits for approval."),
    "dry_run": Param(True, type="boolean", description="Only show: asks nobody, sends nothing."),
}


@dag(
    dag_id=DAG_ID,
    schedule=None,
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_TIMEOUT,
    default_args=DEFAULT_ARGS,
    params=PARAMS,
    tags=[*TAGS, "naver"],
    doc_md=__doc__,
)
def repair_window() -> None:
    """Preview, ask, execute."""

    @task(task_id=PREVIEW, pool=NAVER.name, execution_timeout=STEP_TIMEOUT)
    def preview_effects() -> Counts:
        return repair.preview_effects(get_current_context())

    # An answer that comes before the scheduler has seen the question is lost: it is asked again.
    approval = PlanApproval(
        task_id=APPROVE,
        previewed_by=PREVIEW,
        subject=SUBJECT,
        body=BODY,
        defaults=PlanApproval.REJECT,
        response_timeout=ANSWER_TIMEOUT,
        retries=3,
    )

    @task(pool=NAVER.name, execution_timeout=STEP_TIMEOUT, outlets=[JOBS_LOADED])
    def execute_plan() -> Counts:
        return repair.execute_plan(get_current_context(), APPROVE, PREVIEW)

    preview_effects() >> approval >> execute_plan()


repair_window()
