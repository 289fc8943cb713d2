"""The steps of ``booking_sms_etl`` at Airflow's edge: context in, counts and keys out.

Nothing that names a person may be returned (it would rest in Airflow's database) or logged.
The package is imported inside the functions: DAG files import this module while being parsed.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from booking_sms_airflow.application import current_application
from booking_sms_airflow.gate import require_results
from booking_sms_airflow.measuring import measured_run_task
from booking_sms_airflow.results import Counts
from booking_sms_airflow.window import open_window, resolve

if TYPE_CHECKING:
    from airflow.sdk import Context

    from booking_sms.bootstrap import Application
    from booking_sms.domain.window import Window

log = logging.getLogger(__name__)

Extracts = Sequence[Mapping[str, Any]]

WINDOWS_OF_A_DAY = 72
SESSION = "session"
"""XCom key of how the session was had: state, whether renewed, whether a browser started."""


def open_session(context: Context) -> list[str]:
    """Make sure that Naver lets us in; return the stores to extract.

    A login that fails leaves a failed window for every store and is raised.
    """
    from booking_sms import workflow

    app = current_application()
    window = open_window(app, context)
    with measured_run_task(app, context):
        opened = workflow.open_session(app, window)
    log.info("window %s: session %s", opened["window"], opened["session"])
    context["ti"].xcom_push(key=SESSION, value=opened["session"])
    return list(opened["stores"])


def extract_store(context: Context, store_id: str) -> Counts:
    """Stage one store's bookings; a failure is recorded as a failed window and raised."""
    from booking_sms import workflow

    app, window = _run_of(context)
    with measured_run_task(app, context):
        return Counts(workflow.extract_store(app, window, store_id, context["ti"].try_number))


def check_bookings(context: Context, extracts: Extracts) -> Counts:
    """Great Expectations over what came."""
    from booking_sms import workflow

    app, window = _run_of(context)
    with measured_run_task(app, context):
        return Counts(workflow.check_bookings(app, window, _came(extracts)))


def plan_jobs(context: Context, extracts: Extracts) -> Counts:
    """Decide and render for every booking; the plan's key and counts."""
    from booking_sms import workflow

    app, window = _run_of(context)
    with measured_run_task(app, context):
        return Counts(workflow.plan_jobs(app, window, _came(extracts)))


def load_jobs(context: Context, planned: Mapping[str, Any] | None) -> Counts:
    """Enqueue the planned jobs, each put only if absent."""
    from booking_sms import workflow

    app, window = _run_of(context)
    with measured_run_task(app, context):
        require_results({"plan_jobs": planned})
        return Counts(workflow.load_jobs(app, window, planned["plan_key"]))


def report_window(
    context: Context,
    extracts: Extracts,
    checked: Mapping[str, Any] | None,
    loaded: Mapping[str, Any] | None,
) -> Counts:
    """The gate: coverage and accounting are written first, then what is missing turns it red.

    A window that was decided is a heartbeat, also without the stores that could not be read.
    """
    from booking_sms import workflow

    app, window = _run_of(context)
    with measured_run_task(app, context, is_last=loaded is not None):
        report, failed = workflow.window_report(app, window, _came(extracts), loaded)
    workflow.require_stores(window, failed)
    require_results({"check_bookings": checked, "load_jobs": loaded})
    note_duration(app, context)
    return Counts(report)


def note_duration(app: Application, context: Context) -> None:
    """Keep how long this run has taken, beside those of the last day: a limit is judged by it.

    A note that cannot be kept fails no run: a repeated report would tell the owner twice.
    """
    from booking_sms.bench.thresholds import WINDOW_NOTE
    from booking_sms.domain.errors import BookingSmsError

    begun = context["dag_run"].start_date
    if begun is None:
        return
    taken = (datetime.now(UTC) - begun).total_seconds()
    try:
        known = (app.control.get_note(WINDOW_NOTE) or {}).get("seconds", ())
        seconds = [*known, round(taken, 1)][-WINDOWS_OF_A_DAY:]
        app.control.put_note(WINDOW_NOTE, {"seconds": seconds})
    except BookingSmsError as error:
        log.warning("the run's duration was not kept: %s", error.code)


def _run_of(context: Context) -> tuple[Application, Window]:
    app = current_application()
    return app, resolve(app, context)


def _came(extracts: Extracts) -> list[Mapping[str, Any]]:
    """What the mapped task left, fetched in one piece: stores that failed left nothing."""
    return list(extracts[:])
