"""The human approval of a repair: which plan was shown, and who answered.

Imported while DAG files are parsed, so nothing of ours beside it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)

SHOWN = "shown"
"""XCom key of the plan's id and hash as they were when the question was asked."""


def write_down_shown(context: Context, task_id: str) -> None:
    """Keep id and hash of what a task left, as they are when a person is asked about it."""
    left = context["ti"].xcom_pull(task_ids=task_id)
    context["ti"].xcom_push(key=SHOWN, value={name: left[name] for name in ("plan_id", "hash")})


def taken(answer: Mapping[str, Any]) -> dict[str, str]:
    """What was answered and by whom; by nobody when the question was not answered in time."""
    user = answer["responded_by_user"] or {}
    decision, by = answer["chosen_options"][0], str(user.get("name") or user.get("id") or "")
    log.info("%s by %s", decision, by or "nobody: it was not answered in time")
    return {"decision": decision, "by": by}


class PlanApproval(ApprovalOperator):
    """Asks a person about the plan that another task previewed.

    What was shown is written down before the question is asked, so that a preview which is made
    again meanwhile, or afterwards, is not what was approved. A rejection, and a question that
    nobody answers in time where ``defaults`` says so, skips what comes after.

    :param previewed_by: id of the task that left ``plan_id`` and ``hash``.
    """

    def __init__(self, *, previewed_by: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.previewed_by = previewed_by

    def execute(self, context: Context) -> Any:
        """Write down what is shown, then ask and wait."""
        write_down_shown(context, self.previewed_by)
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, str]:
        """Take the answer; who gave it, and what it was."""
        return taken(super().execute_complete(context, event))
