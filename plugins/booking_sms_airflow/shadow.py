"""The steps of ``shadow_parity`` at Airflow's edge: context in, counts out."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from booking_sms_airflow.application import current_application
from booking_sms_airflow.measuring import measured_run_task
from booking_sms_airflow.results import Counts
from booking_sms_airflow.window import WINDOW_END, interval_end_of, window_end_of

log = logging.getLogger(__name__)


def read_legacy(context: Mapping[str, Any]) -> Counts:
    """Keep the predecessor's table as of this window; skipped when no campaign is open.

    What follows a skipped task is skipped as well, so the whole run is.
    """
    from booking_sms import workflow
    from booking_sms.workflow.campaigns import read_campaign

    app = current_application()
    window = window_of(context)
    campaign = read_campaign(app)
    if campaign is None or window < campaign.first:
        log.info("no campaign is open for window %s", window.name)
        raise AirflowSkipException("no campaign is open for this window")
    return Counts(workflow.read_legacy(app, window))


def compare_window(context: Mapping[str, Any]) -> Counts:
    """Record the predecessor's side of this window and judge the one before."""
    from booking_sms import workflow

    return Counts(workflow.compare_window(current_application(), window_of(context)))


def report_shadow(context: Mapping[str, Any], compared: Mapping[str, Any]) -> Counts:
    """The window's line, the day's, and an alert when something differs."""
    from booking_sms import workflow

    app = current_application()
    with measured_run_task(app, context, is_last=True):
        return Counts(workflow.report_shadow(app, window_of(context), dict(compared)))


def window_of(context: Mapping[str, Any]) -> Any:
    """The last window that ended before this run's instant; a manual run names its own."""
    from booking_sms.domain.errors import WindowRefused
    from booking_sms.domain.window import Window, last_end

    asked = window_end_of(context)
    if asked:
        return Window(last_end(datetime.fromisoformat(asked)))
    end = interval_end_of(context)
    if end is None:
        raise WindowRefused(f"a manual run needs {WINDOW_END}")
    return Window(last_end(end))
