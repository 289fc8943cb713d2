"""What every task does when it has failed for good: one line with ids and codes, no person.

The error's message is left out on purpose. Ours are safe, but a library's may quote what it
was given, and this line is the one that leaves the machine.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

log = logging.getLogger(__name__)


def log_task_failure(context: Mapping[str, Any]) -> None:
    """Log where a task failed and the error's name."""
    ti, error = context["ti"], context.get("exception")
    log.error(
        "task failed: dag=%s task=%s map_index=%s run=%s try=%s error=%s",
        ti.dag_id,
        ti.task_id,
        ti.map_index,
        ti.run_id,
        ti.try_number,
        type(error).__name__,
    )
