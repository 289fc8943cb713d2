"""From an Airflow run to its window."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from booking_sms.config.settings import Settings
from booking_sms.domain.errors import WindowRefused

pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("default")]

KST = ZoneInfo("Asia/Seoul")
TWO_PM = datetime(2026, 3, 2, 14, 0, tzinfo=KST)


class Clock:
    def __init__(self, instant: datetime = TWO_PM) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant


def make_app(now: datetime = TWO_PM, effective_from: datetime | None = None) -> Any:
    return SimpleNamespace(clock=Clock(now), settings=Settings(effective_from=effective_from))


def make_context(
    run_type: str, *, interval_end: datetime | None = None, window_end: Any = None
) -> dict[str, Any]:
    left: dict[str, Any] = {}
    downstream = [SimpleNamespace(task_id="report_window"), SimpleNamespace(task_id="plan_jobs")]
    return {
        "dag_run": SimpleNamespace(run_type=run_type, data_interval_end=interval_end),
        "data_interval_end": interval_end,
        "params": {"window_end": window_end},
        "ti": SimpleNamespace(xcom_push=lambda key, value: left.update({key: value}), left=left),
        "task": SimpleNamespace(get_flat_relatives=lambda upstream: downstream),
    }


@pytest.mark.parametrize("run_type", ["scheduled", "backfill"])
def test_an_interval_is_named_by_its_end(run_type: str) -> None:
    from booking_sms_airflow.window import resolve

    window = resolve(make_app(), make_context(run_type, interval_end=TWO_PM))

    assert window.as_of == TWO_PM


@pytest.mark.parametrize("zone", ["UTC", "Asia/Seoul"])
def test_airflows_own_instants_do_not_get_in(zone: str) -> None:
    """A pendulum instant plus a duration would lose its zone in the middle of a decision."""
    import pendulum

    from booking_sms_airflow.window import resolve

    context = make_context("scheduled", interval_end=pendulum.instance(TWO_PM).in_timezone(zone))

    as_of = resolve(make_app(), context).as_of

    assert type(as_of) is datetime
    assert (as_of, as_of.hour) == (TWO_PM, 14)
    assert as_of + timedelta(hours=2) > TWO_PM


def test_a_backfill_is_not_moved_by_its_conf() -> None:
    from booking_sms_airflow.window import resolve

    context = make_context("backfill", interval_end=TWO_PM, window_end="2026-03-02T13:40:00+09:00")

    assert resolve(make_app(), context).as_of == TWO_PM


def test_a_manual_run_names_its_window() -> None:
    from booking_sms_airflow.window import resolve

    context = make_context("manual", window_end="2026-03-02T13:40:00+09:00")

    assert resolve(make_app(), context).name == "2026-03-02T13:40:00+09:00"


def test_the_interval_of_a_manual_run_is_not_a_window() -> None:
    """The UI's trigger form sends a logical date; Airflow makes an interval of it."""
    from booking_sms_airflow.window import resolve

    with pytest.raises(WindowRefused, match="needs the parameter window_end"):
        resolve(make_app(), make_context("manual", interval_end=TWO_PM))


@pytest.mark.parametrize(
    ("window_end", "reason"),
    [
        pytest.param("2026-03-02T14:05:00+09:00", "windows end at", id="not an end"),
        pytest.param("2026-03-02T14:00:00", "no offset", id="naive"),
        pytest.param("two o'clock", "not an ISO instant", id="no instant"),
        pytest.param("2026-03-02T14:20:00+09:00", "has not ended yet", id="still to come"),
        pytest.param("2126-03-02T14:20:00+09:00", "has not ended yet", id="in a hundred years"),
        pytest.param("", "needs the parameter window_end", id="empty"),
        pytest.param(1400, "not an ISO instant", id="a number"),
    ],
)
def test_a_refused_manual_run_fails_with_one_line(window_end: Any, reason: str) -> None:
    from booking_sms_airflow.window import open_window

    with pytest.raises(WindowRefused, match=reason) as refusal:
        open_window(make_app(), make_context("manual", window_end=window_end))

    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "app",
    [
        pytest.param(make_app(effective_from=TWO_PM.replace(hour=15)), id="before the first day"),
        pytest.param(make_app(now=TWO_PM.replace(hour=13)), id="the world's clock stands still"),
    ],
)
def test_a_refused_scheduled_run_is_skipped_whole(
    app: Any, caplog: pytest.LogCaptureFixture
) -> None:
    from airflow.sdk.exceptions import DownstreamTasksSkipped

    from booking_sms_airflow.window import open_window

    context = make_context("scheduled", interval_end=TWO_PM)
    with pytest.raises(DownstreamTasksSkipped) as skipped:
        open_window(app, context)

    assert skipped.value.tasks == ["plan_jobs", "report_window"]
    assert context["ti"].left == {"refused": "WindowRefused"}
    assert [record.message for record in caplog.records if "skipped" in record.message]


def test_a_refused_backfill_fails() -> None:
    from booking_sms_airflow.window import open_window

    app = make_app(now=TWO_PM.replace(hour=13))

    with pytest.raises(WindowRefused, match="has not ended yet"):
        open_window(app, make_context("backfill", interval_end=TWO_PM))
