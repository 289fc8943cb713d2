"""One role's sign-off of an evidence package: asked, bound to what was shown, never skipped past.

Imported while DAG files are parsed, so nothing of ours beside it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import HITLOperator

from booking_sms_airflow.approval import SHOWN

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)


class RoleSignOff(HITLOperator):
    """Asks one role about the package that another task froze.

    Unlike an approval, a rejection skips nothing: what comes after has to record it. No answer in
    time is a rejection that nobody gave.

    :param packaged_by: id of the task that left ``plan_id`` (the campaign) and ``hash``.
    """

    APPROVE, REJECT = "Approve", "Reject"

    def __init__(self, *, packaged_by: str, **kwargs: Any) -> None:
        super().__init__(options=[self.APPROVE, self.REJECT], defaults=self.REJECT, **kwargs)
        self.packaged_by = packaged_by

    def execute(self, context: Context) -> Any:
        """Write down what is shown, then ask and wait."""
        packaged = context["ti"].xcom_pull(task_ids=self.packaged_by)
        shown = {name: packaged[name] for name in ("plan_id", "hash")}
        context["ti"].xcom_push(key=SHOWN, value=shown)
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, str]:
        """Take the answer: what it was, who gave it and when."""
        answer = super().execute_complete(context, event)
        user = answer["responded_by_user"] or {}
        decision, by = answer["chosen_options"][0], str(user.get("name") or user.get("id") or "")
        log.info("%s by %s", decision, by or "nobody: it was not answered in time")
        return {"decision": decision, "by": by, "at": answer["responded_at"].isoformat()}
