"""Turns a run red when a part of it is missing.

The tasks after a mapped one run whatever became of the tasks before them, and Airflow calls a
run successful when its last task was: without a gate a half-done run would look green.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk.exceptions import AirflowFailException


def require_results(results: Mapping[str, Any]) -> None:
    """Fail, naming them, when tasks of this run left no result."""
    missing = [task_id for task_id, result in results.items() if result is None]
    if missing:
        raise AirflowFailException(f"no result of: {', '.join(missing)} (their logs say why)")


def require_count(task_id: str, came: int, expected: int) -> None:
    """Fail when not every mapped part of a task came to its end."""
    if came != expected:
        raise AirflowFailException(f"{task_id}: {came} of {expected} parts ended well")
