"""Which shadow campaign is open, and the ledger that the candidate decides on meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from booking_sms.bootstrap import Application
from booking_sms.domain.window import Window
from booking_sms.pipeline.shadow_ledger import ShadowLedger

NOTE = "shadow_campaign"
OPEN, CLOSED = "open", "closed"


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """One shadow campaign. ``first`` is the first window that is compared."""

    campaign: str
    started_at: datetime
    first: Window
    facts: Mapping[str, Any]

    @property
    def plan_id(self) -> str:
        """Where its facts are kept for good."""
        return f"campaign#{self.campaign}"


def read_campaign(app: Application, name: str | None = None) -> Campaign | None:
    """The campaign of that name, by default the open one; None if there is none."""
    if name is None:
        note = app.control.get_note(NOTE)
        if note is None or note["status"] != OPEN:
            return None
        name = str(note["campaign"])
    facts = app.plans.get(f"campaign#{name}")
    if facts is None:
        return None
    return Campaign(
        campaign=name,
        started_at=datetime.fromisoformat(facts["started_at"]),
        first=Window.from_name(facts["first_window"]),
        facts=facts,
    )


def shadow_of(app: Application, window: Window) -> ShadowLedger | None:
    """The open campaign's ledger as of a window, in comparison mode only."""
    if app.control.delivery_mode() != "comparison":
        return None
    campaign = read_campaign(app)
    if campaign is None or window < campaign.first:
        return None
    return ShadowLedger(app.plans, app.sealer, campaign.campaign, window)
