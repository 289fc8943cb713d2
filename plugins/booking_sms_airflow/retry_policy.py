"""One retry policy for every task: the error's type says whether trying again is safe.

A wrong password must not be tried twice and a doubtful send must not be repeated, while a
throttled table deserves another attempt. The policy can end the retries of a task early; it
never grants more than the task's own ``retries``.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from booking_sms.domain.errors import NeedsReconcile, Retryable, Terminal

RETRY_DELAY = timedelta(seconds=30)

RETRY_POLICY = ExceptionRetryPolicy(
    # The first rule that matches wins: a refusal beats the family that it belongs to.
    rules=[
        RetryRule(
            exception=NeedsReconcile,
            action=RetryAction.FAIL,
            reason="it may have happened: sms_reconcile settles it, nobody repeats it",
        ),
        RetryRule(
            exception=Terminal,
            action=RetryAction.FAIL,
            reason="trying again cannot help: somebody must change something",
        ),
        RetryRule(
            exception=Retryable,
            action=RetryAction.RETRY,
            retry_delay=RETRY_DELAY,
            reason="nothing happened outside, or what happened is idempotent",
        ),
    ],
)
