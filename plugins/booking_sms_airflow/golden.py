"""The steps of ``golden_parity`` at Airflow's edge: context in, counts and keys out."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from airflow.sdk.exceptions import DownstreamTasksSkipped

from booking_sms_airflow.application import current_application
from booking_sms_airflow.measuring import measured_run_task
from booking_sms_airflow.results import Counts
from booking_sms_airflow.window import SCHEDULED, interval_end_of, run_type_of

log = logging.getLogger(__name__)

REPORT = "/plugin/parity"
"""Where Airflow shows the page of the last comparison."""
DAILY_HOUR = 5
"""The hour in Korea whose run judges whether or not anything changed."""


def load_golden(context: Mapping[str, Any]) -> Counts:
    """Verify the goldens; the rest is skipped when these very files had a clean verdict."""
    from booking_sms import workflow

    loaded = workflow.load_golden(current_application())
    if loaded["judged"] and not must_judge(context):
        log.info(
            "nothing has changed since the last clean verdict: inputs=%s", loaded["inputs"][:12]
        )
        downstream = context["task"].get_flat_relatives(upstream=False)
        raise DownstreamTasksSkipped(tasks=sorted(task.task_id for task in downstream))
    return Counts(loaded)


def must_judge(context: Mapping[str, Any]) -> bool:
    """Whether a run judges even unchanged files: once a day, and whenever a person asks."""
    end = interval_end_of(context)
    return run_type_of(context) != SCHEDULED or end is None or end.hour == DAILY_HOUR


def decide_candidate(context: Mapping[str, Any]) -> Counts:
    """Decide every recording with our rules."""
    from booking_sms import workflow

    return Counts(workflow.decide_candidate(current_application(), run_of(context)))


def compare_outcomes(context: Mapping[str, Any], decided: Counts) -> Counts:
    """Compare with what the predecessor did."""
    from booking_sms import workflow

    return Counts(workflow.compare_outcomes(current_application(), run_of(context), decided))


def check_expectations(context: Mapping[str, Any], compared: Counts) -> Counts:
    """Great Expectations, and our own expectations against what we decide."""
    from booking_sms import workflow

    return Counts(workflow.check_expectations(current_application(), run_of(context), compared))


def publish(
    context: Mapping[str, Any], loaded: Counts, compared: Counts, expected: Counts
) -> Counts:
    """Publish the numbers; raises ParityFailed when the verdict is not clean."""
    from booking_sms import workflow

    log.info("the report: Browse, Parity (%s)", REPORT)
    app, run = current_application(), run_of(context)
    with measured_run_task(app, context, is_last=True):
        return Counts(workflow.publish_golden(app, run, loaded, compared, expected))


def run_of(context: Mapping[str, Any]) -> str:
    """A place in the stage for each try of each run: staged objects are never overwritten."""
    return f"{context['run_id']}/{context['ti'].task_id}-{context['ti'].try_number}"
