"""The steps of ``ledger_maintenance``, ``daily_summary`` and the reports at Airflow's edge."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from booking_sms_airflow.application import current_application
from booking_sms_airflow.results import Counts
from booking_sms_airflow.window import interval_end_of

WEEK_PAGE, MONTH_PAGE = "/plugin/report", "/plugin/review"


def erase_personal_data() -> Counts:
    """Erase by age; the counts are the evidence.

    Of the three tasks that do not wait for each other, this one tells that the DAG lives: that
    data is erased is a promise to people.
    """
    from booking_sms import workflow
    from booking_sms.telemetry.run_metrics import measured_task

    app = current_application()
    with measured_task(app, "ledger_maintenance", "erase_personal_data", is_last=True):
        return Counts(workflow.erase_personal_data(app))


def refresh_session() -> Counts:
    """Renew the session if it is due, while nobody waits for it."""
    from booking_sms import workflow

    return Counts(workflow.refresh_session(current_application()))


def clean_airflow(context: Mapping[str, Any], days: int) -> Counts:
    """Clean logs and database by age; without its connection the database is skipped, visibly."""
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException, AirflowSkipException

    from booking_sms_airflow.housekeeping import METADATA, clean_database, delete_old_logs

    before = now() - timedelta(days=days)
    logs = delete_old_logs(log_folder(), before)
    try:
        url = BaseHook.get_connection(METADATA).password
    except AirflowNotFoundException:
        why = f"{logs} log files deleted; connection {METADATA} is not defined"
        raise AirflowSkipException(why) from None
    return Counts({"logs": logs, "rows": clean_database(str(url), before)})


def tell_day(context: Mapping[str, Any]) -> Counts:
    """The owner's evening line, about the evening of a scheduled run."""
    from booking_sms import workflow
    from booking_sms.telemetry.run_metrics import measured_task

    app = current_application()
    with measured_task(app, "daily_summary", "tell_day", is_last=True):
        evening = interval_end_of(context)
        return Counts(workflow.tell_day(app, evening, asked_by=str(context["run_id"])))


def build_week() -> Counts:
    """Count the week and keep page and table."""
    from booking_sms import workflow

    return Counts(workflow.build_week(current_application()))


def tell_week(context: Mapping[str, Any], built: Counts) -> Counts:
    """A line to the team."""
    from booking_sms import workflow
    from booking_sms.telemetry.run_metrics import measured_task

    app = current_application()
    where = f"weekly_report, run {context['run_id']}; page: Browse, Texts ({WEEK_PAGE})"
    with measured_task(app, "weekly_report", "tell", is_last=True):
        return Counts(workflow.tell_week(app, built, where))


def review_month() -> Counts:
    """The checklist with its figures, and how the logs stand on this machine."""
    from booking_sms import workflow
    from booking_sms.telemetry.run_metrics import measured_task
    from booking_sms_airflow.housekeeping import log_figures

    app = current_application()
    with measured_task(app, "monthly_review", "review_month", is_last=True):
        return Counts(workflow.review_month(app, log_figures(log_folder(), now())))


def now() -> datetime:
    """Real time: files and rows are judged by it."""
    return datetime.now(UTC)


def log_folder() -> Path:
    """Where this machine's tasks write their logs."""
    from airflow.configuration import conf

    return Path(conf.get_mandatory_value("logging", "base_log_folder"))
