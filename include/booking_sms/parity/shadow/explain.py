"""The closed list of explained differences: four defects of the predecessor's fetching.

A difference is explained only where the cause is measured in every run that could have made it
equal, and no run of those contradicts the cause. Anything else is a mismatch.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from booking_sms.domain.booking import KST
from booking_sms.parity.shadow.model import EVENT, WindowSides
from booking_sms.parity.shadow.pairing import within_reach
from booking_sms.parity.shadow.reach import CAUSES, L18, causes

EVENING = 20
CANDIDATE_LOOKS_BACK = timedelta(days=31)


class Explainer:
    """Looks for a measured cause of one difference."""

    def __init__(self, windows: Mapping[datetime, WindowSides]) -> None:
        self._windows = windows
        self._refuted: dict[datetime, frozenset[str]] = {}

    def why_missing(self, at: datetime, booking_num: str, kind: str, visit: str) -> str:
        """Why the predecessor did not text a completed visit; empty if nothing explains it."""
        if kind != EVENT:
            return ""
        runs = [end for end in within_reach(at) if end.astimezone(KST).hour == EVENING]
        store = booking_num.partition("_")[0]
        held = [self._causes(end, store, visit) for end in runs if end in self._windows]
        common = frozenset.intersection(*held) if held else frozenset()
        return next((cause for cause in CAUSES if cause in common), "")

    def why_extra(self, at: datetime, kind: str, visit: str) -> str:
        """A stretched range also reaches visits that are older than the candidate looks back."""
        if kind != EVENT or not visit:
            return ""
        start = datetime.fromisoformat(visit).replace(tzinfo=KST)
        today = at.astimezone(KST).replace(hour=0, minute=0, second=0, microsecond=0)
        return L18 if start < today - CANDIDATE_LOOKS_BACK else ""

    def why_extra_text(self, at: datetime, key: tuple[str, str, str]) -> str:
        """A text is explained as the flag that was set with it is."""
        _, to, kind = key
        one = self._windows.get(at)
        if kind != EVENT or one is None:
            return ""
        visits = [c.booking_time for c in one.changes or () if c.kind == EVENT and c.phone == to]
        found = {self.why_extra(at, kind, visit) for visit in visits}
        return found.pop() if len(found) == 1 else ""

    def _causes(self, end: datetime, store: str, visit: str) -> frozenset[str]:
        one = self._windows[end]
        if one.reach is None or not one.is_observed:
            return frozenset()
        return causes(one.reach, store, visit) - self._contradicted(end)

    def _contradicted(self, end: datetime) -> frozenset[str]:
        """Causes that this very run disproves: it set a flag that they would have prevented."""
        if end not in self._refuted:
            one = self._windows[end]
            reach = one.reach or {}
            reached = [c for c in one.changes or () if c.kind == EVENT and not c.went_back]
            stores = [(c.booking_num.partition("_")[0], c.booking_time) for c in reached]
            found = (causes(reach, store, visit) for store, visit in stores if visit)
            self._refuted[end] = frozenset().union(*found)
        return self._refuted[end]
