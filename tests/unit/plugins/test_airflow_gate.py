"""A half-done run must not look green."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("default")]


def test_missing_results_are_named() -> None:
    from airflow.sdk.exceptions import AirflowFailException

    from booking_sms_airflow.gate import require_results

    with pytest.raises(AirflowFailException, match=r"no result of: check_bookings, load_jobs"):
        require_results({"check_bookings": None, "plan_jobs": {}, "load_jobs": None})


def test_empty_results_are_results() -> None:
    from booking_sms_airflow.gate import require_results

    require_results({"check_bookings": {}, "load_jobs": {"counts": {}}})


def test_missing_parts_are_counted() -> None:
    from airflow.sdk.exceptions import AirflowFailException

    from booking_sms_airflow.gate import require_count

    require_count("claim_and_send", came=4, expected=4)
    with pytest.raises(AirflowFailException, match="claim_and_send: 3 of 4"):
        require_count("claim_and_send", came=3, expected=4)
