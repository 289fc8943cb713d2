"""One accepted message: what was asked for, what the phone gets, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from sandbox.sens.errors import RESULT_CODES
from sandbox.sens.settings import Outcome, Progression

KST = timezone(timedelta(hours=9), "KST")
READY, PROCESSING, COMPLETED = "READY", "PROCESSING", "COMPLETED"


def kst_text(instant: float, timespec: str = "seconds", separator: str = " ") -> str:
    """Local Korean time without an offset, as every time of this vendor is written."""
    local = datetime.fromtimestamp(instant, UTC).astimezone(KST).replace(tzinfo=None)
    return local.isoformat(separator, timespec)


@dataclass
class Message:
    """A row of the list. Times are epoch seconds of the real clock.

    `content` and `subject` are as requested, which is what look-ups return; `sent_content` and
    `sent_subject` are what fits and therefore reaches the phone.
    """

    sequence: int
    message_id: str
    request_id: str
    to: str
    sender: str
    type: str
    content_type: str
    country_code: str
    subject: str
    content: str
    sent_subject: str
    sent_content: str
    original_bytes: int
    sent_bytes: int
    requested_at: float
    starts_at: float
    visible_at: float
    status_code: str
    status_name: str
    status_message: str = ""
    extra_delay_s: float = 0.0
    reads: int = 0
    completed_at: float | None = None
    reserve_zone: str = ""
    cancelled: bool = False
    twin_of: str = ""

    @property
    def truncated(self) -> bool:
        """Whether the phone gets less than was asked for."""
        return (self.sent_subject, self.sent_content) != (self.subject, self.content)

    @property
    def reached_phone(self) -> bool:
        """Whether a person has the text in hand."""
        return self.completed_at is not None and self.status_name == "success"

    def set_outcome(self, outcome: Outcome) -> None:
        """Decide how the message ends, once it ends."""
        self.status_code = outcome.statusCode
        self.status_name = outcome.name
        self.status_message = outcome.statusMessage or RESULT_CODES.get(outcome.statusCode, "")

    def advance(self, rule: Progression, now: float) -> str:
        """Move on as the rule says and return READY, PROCESSING or COMPLETED."""
        if self.completed_at is None and not self.cancelled:
            self.completed_at = self._completion(rule, now)
        if self.completed_at is not None:
            return COMPLETED
        return PROCESSING if self._progress(rule, now) >= rule.processing else READY

    def _completion(self, rule: Progression, now: float) -> float | None:
        """When it was completed. Codes E9xx come from before the network: at once."""
        if now < self.starts_at:
            return None
        if self.status_code.startswith("E"):
            return self.starts_at
        if rule.by == "reads":
            return now if self.reads >= rule.completed else None
        completes_at = self.starts_at + rule.completed + self.extra_delay_s
        return completes_at if now >= completes_at else None

    def _progress(self, rule: Progression, now: float) -> float:
        if self.cancelled or now < self.starts_at:
            return -1.0
        return self.reads if rule.by == "reads" else now - self.starts_at

    def to_vendor_row(self, status: str, *, with_text: bool) -> dict[str, Any]:
        """The row as sens-sms-get and sens-sms-list describe it."""
        row: dict[str, Any] = {
            "requestId": self.request_id,
            "messageId": self.message_id,
            "requestTime": kst_text(self.requested_at),
            "contentType": self.content_type,
            "type": self.type,
            "countryCode": self.country_code,
            "from": self.sender,
            "to": self.to,
            "status": status,
        }
        if with_text:
            row |= {"subject": self.subject, "content": self.content}
        if status == COMPLETED and self.completed_at is not None:
            row |= self._result(self.completed_at)
        return row

    def _result(self, completed_at: float) -> dict[str, Any]:
        return {
            "statusCode": self.status_code,
            "statusName": self.status_name,
            "statusMessage": self.status_message,
            "completeTime": kst_text(completed_at),
            "telcoCode": "ETC",
        }

    def to_dump(self) -> dict[str, Any]:
        """JSON-able form; the sender is called `from`, as everywhere outside Python."""
        row = dict(vars(self))
        row["from"] = row.pop("sender")
        return row

    @classmethod
    def from_dump(cls, row: dict[str, Any]) -> Message:
        """The inverse of `to_dump`."""
        fields = dict(row)
        fields["sender"] = fields.pop("from")
        return cls(**fields)
