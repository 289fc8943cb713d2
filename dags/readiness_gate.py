"""
### May the new system go live?

Measures again what a validation campaign is judged by, holds it against nine criteria, freezes its
evidence as a package with checksums, asks every role about that very package, and decides GO or
NO_GO.

**Why this schedule.** None: a person begins it at the end of a campaign, with its id.

**Reads** the campaign's evidence, its metadata and delivery modes (`sms_plans`, `sms_control`).
**Writes** the readiness report, the manifest and the decision beside the evidence, one sign-off a
role (`sms_plans`), the campaign's section of `docs/VALIDATION.md`, and a notice in counts.

**How to sign.** `sign_off_developer`, `_qa`, `_operations` and `_product` wait under *Required
actions* for 24 hours. Read the package first: `booking-sms readiness package --campaign ID --out
DIR`, then `booking-sms readiness verify DIR --hash HASH`. *Reject*, and no answer, are a NO_GO.

**Why a re-run is safe.** Evidence is kept by version and never replaced; the same evidence is the
same package. A cleared `package` that finds other evidence makes another package, and the answers
to the old one no longer count: clear the sign-offs too. A section is written in its own place.

**When it is red**
- `collect`, `measure`, `package`: the param `campaign` is missing, or nobody opened that campaign.
- `decide`: NO_GO. The log and the section give each reason; see *NO_GO: what now* in the runbook.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param, dag, get_current_context, task

from _defaults import DEFAULT_ARGS, START_DATE, TAGS
from booking_sms_airflow import readiness
from booking_sms_airflow.results import Counts
from booking_sms_airflow.sign_off import RoleSignOff

DAG_ID = "readiness_gate"
PACKAGE = "package"
SIGN_TASKS = {
    role: f"sign_off_{role.lower()}" for role in ("developer", "QA", "operations", "product")
}

ANSWER_TIMEOUT = timedelta(hours=24)
STEP_TIMEOUT = timedelta(minutes=15)
# Every window of a campaign is read, and every golden decided, in processes of their own.
COLLECT_TIMEOUT = timedelta(minutes=15)
RUN_TIMEOUT = timedelta(hours=26)

BODY = """{% set package = ti.xcom_pull(task_ids='package') %}
{% set measured = ti.xcom_pull(task_ids='measure') %}
Campaign `{{ package['campaign'] }}`, package `{{ package['hash'] }}`

| | |
|---|---|
| criteria that pass | {{ measured['passed'] }} of {{ measured['total'] }} |
| package | {{ package['completeness'] }} |
| artifacts | {{ package['artifact_count'] }} ({{ package['total_size'] }} bytes) |

Read it before you answer: `booking-sms readiness package --campaign {{ package['campaign'] }}
--out DIR`, then `booking-sms readiness verify DIR --hash {{ package['hash'] }}`
"""

PARAMS = {
    "campaign": Param(
        None,
        type=["null", "string"],
        title="Campaign",
        description="Id of the validation campaign, as `booking-sms campaign bootstrap` gave it.",
    ),
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
    tags=[*TAGS, "validation"],
    doc_md=__doc__,
)
def readiness_gate() -> None:
    """Collect, measure, package, sign by role, decide."""

    @task(execution_timeout=COLLECT_TIMEOUT)
    def collect() -> Counts:
        return readiness.collect(get_current_context())

    @task(execution_timeout=STEP_TIMEOUT)
    def measure() -> Counts:
        return readiness.measure(get_current_context())

    @task(task_id=PACKAGE, execution_timeout=STEP_TIMEOUT)
    def package() -> Counts:
        return readiness.package(get_current_context())

    # An answer that comes before the scheduler has seen the question is lost: it is asked again.
    sign_offs = [
        RoleSignOff(
            task_id=task_id,
            packaged_by=PACKAGE,
            subject=f"Go live? Sign-off of {role}",
            body=BODY,
            response_timeout=ANSWER_TIMEOUT,
            retries=3,
        )
        for role, task_id in SIGN_TASKS.items()
    ]

    # Also after a sign-off that broke: that role has not signed, and the decision says so.
    @task(execution_timeout=STEP_TIMEOUT, retries=0, trigger_rule="all_done")
    def decide() -> Counts:
        return readiness.decide(get_current_context(), SIGN_TASKS)

    collect() >> measure() >> package() >> sign_offs >> decide()


readiness_gate()
