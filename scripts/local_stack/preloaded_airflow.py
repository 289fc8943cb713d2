"""Airflow's command line with everything imported that our tasks import.

The LocalExecutor forks its workers, and those fork the tasks: what the scheduler has imported
once, no task imports again. On two cores that is most of a task's time. Production does not
need it: its workers are many, and each is busy with more than one day of windows.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

MODULES = (
    "airflow.sdk.execution_time.task_runner",
    "boto3",
    "botocore.httpsession",
    "cryptography.fernet",
    "great_expectations",
    "great_expectations.expectations",
    "httpx",
    "pandas",
    "booking_sms.workflow",
    "booking_sms.adapters.alerts.slack",
    "booking_sms.adapters.alerts.telegram",
    "booking_sms.adapters.aws.metrics",
    "booking_sms.adapters.aws.secrets",
    "booking_sms.adapters.dynamodb",
    "booking_sms.adapters.naver.login",
    "booking_sms.adapters.naver.session",
    "booking_sms.adapters.naver.source",
    "booking_sms.adapters.sens.client",
    "booking_sms.adapters.stage",
    "booking_sms.quality.bookings",
    "booking_sms_airflow.dispatch",
    "booking_sms_airflow.etl",
    "booking_sms_airflow.reconcile",
)
PLUGINS = Path(__file__).resolve().parents[2] / "plugins"


def main() -> None:
    """Import, then be Airflow."""
    sys.path[0] = str(PLUGINS)  # instead of this script's own folder
    for name in MODULES:
        importlib.import_module(name)
    from airflow.__main__ import main as airflow_main

    sys.argv[0] = "airflow"
    airflow_main()


if __name__ == "__main__":
    main()
