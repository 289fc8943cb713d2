"""One role's sign-off of an evidence package: asked, bound to what was shown, never skipped past.

Imported while DAG files are parsed, so nothing of ours beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import HITLOperator

from booking_sms_airflow.approval import taken, write_down_shown

if TYPE_CHECKING:
    from airflow.sdk import Context


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
        write_down_shown(context, self.packaged_by)
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, str]:
        """Take the answer: what it was, who gave it and when."""
        answer = super().execute_complete(context, event)
        return {**taken(answer), "at": answer["responded_at"].isoformat()}
