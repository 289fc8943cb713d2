"""What all DAGs share: owner, retries, callbacks, tags, first day, asset. The only shared module.

Parsed with every DAG file, so nothing slow may be imported here.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import Asset

from booking_sms_airflow.callbacks import announce_task_failure, log_task_failure
from booking_sms_airflow.retry_policy import RETRY_DELAY, RETRY_POLICY

TIMEZONE = "Asia/Seoul"
START_DATE = pendulum.datetime(2026, 1, 1, tz=TIMEZONE)
TAGS = ["booking_sms"]

DEFAULT_ARGS = {
    "owner": "booking-sms",
    "retries": 2,
    "retry_delay": RETRY_DELAY,
    "retry_policy": RETRY_POLICY,
    "on_failure_callback": [log_task_failure, announce_task_failure],
    "execution_timeout": timedelta(minutes=5),
}

JOBS_LOADED = Asset("sms_jobs_loaded")
"""New jobs are in the outbox. Carries no data: dispatch asks the outbox what is due."""
