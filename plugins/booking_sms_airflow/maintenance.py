"""The steps of ``ledger_maintenance``, ``daily_summary`` and the reports at Airflow's edge."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from booking_sms_airflow.application import current_application
from booking_sms_airflow.results import Counts

WEEK_PAGE, MONTH_PAGE = "/plugin/report", "/plugin/review"


def erase_personal_data() -> Counts:
    """Erase by age; the counts are the evidence."""
    from booking_sms import workflow

    return Counts(workflow.erase_personal_data(current_application()))


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


def tell_day() -> Counts:
    """The owner's evening line."""
    from booking_sms import workflow

    return Counts(workflow.tell_day(current_application()))


def build_week() -> Counts:
    """Count the week and keep page and table."""
    from booking_sms import workflow

    return Counts(workflow.build_week(current_application()))


def tell_week(context: Mapping[str, Any], built: Counts) -> Counts:
    """A line to the team."""
    from booking_sms import workflow

    where = f"weekly_report, run {context['run_id']}; page: Browse, Texts ({WEEK_PAGE})"
    return Counts(workflow.tell_week(current_application(), built, where))


def review_month() -> Counts:
    """The checklist with its figures, and how the logs stand on this machine."""
    from booking_sms import workflow
    from booking_sms_airflow.housekeeping import log_figures

    logs = log_figures(log_folder(), now())
    return Counts(workflow.review_month(current_application(), logs))


def now() -> datetime:
    """Real time: files and rows are judged by it."""
    return datetime.now(UTC)


def log_folder() -> Path:
    """Where this machine's tasks write their logs."""
    from airflow.configuration import conf

    return Path(conf.get_mandatory_value("logging", "base_log_folder"))
