"""Each error of the package meets the retry that its type asks for."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest

from booking_sms.domain import errors
from booking_sms.domain.errors import BookingSmsError, NeedsReconcile, Retryable, Terminal

pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("default")]


def every_error() -> Iterator[type[BookingSmsError]]:
    for _, error in inspect.getmembers(errors, inspect.isclass):
        if issubclass(error, BookingSmsError) and issubclass(
            error, Terminal | Retryable | NeedsReconcile
        ):
            yield error


@pytest.mark.parametrize("error", list(every_error()), ids=lambda error: error.__name__)
def test_the_type_decides(error: type[BookingSmsError]) -> None:
    from airflow.sdk import RetryAction

    from booking_sms_airflow.retry_policy import RETRY_DELAY, RETRY_POLICY

    decision = RETRY_POLICY.evaluate(error(), try_number=1, max_tries=3)

    if issubclass(error, Terminal | NeedsReconcile):
        assert decision.action is RetryAction.FAIL
    else:
        assert decision.action is RetryAction.RETRY
        assert decision.retry_delay == RETRY_DELAY
    assert decision.reason


def test_an_unknown_error_keeps_the_retries_of_its_task() -> None:
    from airflow.sdk import RetryAction

    from booking_sms_airflow.retry_policy import RETRY_POLICY

    assert RETRY_POLICY.evaluate(KeyError("x"), 1, 3).action is RetryAction.DEFAULT


def test_the_policy_survives_serialization() -> None:
    from airflow.sdk import ExceptionRetryPolicy, RetryAction

    from booking_sms_airflow.retry_policy import RETRY_POLICY

    policy = ExceptionRetryPolicy.deserialize(RETRY_POLICY.serialize())

    assert policy.evaluate(errors.CaptchaRequired(), 1, 3).action is RetryAction.FAIL
    assert policy.evaluate(errors.StoreThrottled(), 1, 3).action is RetryAction.RETRY
