"""What a notice says: what failed, where, since when, how bad, and what to do about it.

Never a person: whoever makes a notice gives ids and counts. What looks like a phone number is
masked all the same, because an error's text may carry one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from booking_sms.domain.booking import KST, require_aware
from booking_sms.domain.masking import without_phones

_KEY = re.compile(r"[a-z0-9][A-Za-z0-9#:._+@=-]{0,119}")
_ANCHOR = re.compile(r"[a-z0-9-]*")


class Severity(StrEnum):
    """How bad it is; says which channels hear of it.

    ``info`` is good to know, ``medium`` is for working hours, ``high`` is for now, ``critical``
    keeps customers out of their rooms and reaches the owner too.
    """

    INFO = "info"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


RANK = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One trouble, or one piece of news.

    ``key`` names the trouble, not the moment: the same trouble has the same key until it ends.
    ``runbook`` is the anchor of its entry, ``logs`` the address of its log. ``facts`` are shown
    in their order. An ``is_event`` happened and has no end: it is told once, and never again.
    """

    key: str
    title: str
    severity: Severity
    where: str
    since: datetime
    facts: Mapping[str, str] = field(default_factory=dict)
    runbook: str = ""
    logs: str = ""
    is_event: bool = False

    def __post_init__(self) -> None:
        require_aware("since", self.since)
        if not _KEY.fullmatch(self.key):
            raise ValueError(f"not a notice's key: {self.key!r}")
        if not _ANCHOR.fullmatch(self.runbook):
            raise ValueError(f"not an anchor of the runbook: {self.runbook!r}")

    def lines(self) -> list[str]:
        """What is told below the title, masked."""
        since = f"{self.since.astimezone(KST):%Y-%m-%d %H:%M} KST"
        facts = [f"{name}: {value}" for name, value in self.facts.items()]
        return [without_phones(line) for line in (f"where: {self.where}", *facts)] + [
            f"since: {since}"
        ]

    def heading(self) -> str:
        """The title with its severity, masked."""
        return without_phones(f"[{self.severity.value.upper()}] {self.title}")


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """Proof that a channel took a notice.

    ``reference`` is the SHA-256 of what was posted where the channel answers with no id (a Slack
    webhook answers ``ok``), else the channel's own message id. ``status`` is the HTTP status.
    """

    channel: str
    status: int
    reference: str

    def as_dict(self) -> dict[str, str | int]:
        """JSON-able, no text in it."""
        return {"channel": self.channel, "status": self.status, "reference": self.reference}
