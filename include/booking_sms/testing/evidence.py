"""Evidence of campaigns in memory."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from booking_sms.domain.errors import PayloadConflict
from booking_sms.ports import Artifact

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+:@=-]*")


class InMemoryEvidenceStore:
    """Every version of every artifact, by campaign, name and instant."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, datetime], Artifact] = {}

    def put(self, campaign: str, name: str, content: str, *, at: datetime) -> Artifact:
        """Keep a version; PayloadConflict for other content at that instant."""
        if at.tzinfo is None or not (_NAME.fullmatch(campaign) and _NAME.fullmatch(name)):
            raise ValueError("evidence needs names that are file names and an instant with a zone")
        at = at.astimezone(UTC)
        artifact = Artifact(campaign=campaign, name=name, at=at, content=content)
        if self._kept.setdefault((campaign, name, at), artifact) != artifact:
            raise PayloadConflict("evidence is never overwritten", campaign=campaign, artifact=name)
        return artifact

    def get(self, campaign: str, name: str, at: datetime | None = None) -> Artifact | None:
        """The newest version, or the one of an instant."""
        at = at or max(self.versions(campaign, name), default=None)
        return self._kept.get((campaign, name, at.astimezone(UTC))) if at else None

    def names(self, campaign: str) -> tuple[str, ...]:
        """Names of a campaign's artifacts, sorted."""
        return tuple(sorted({name for of, name, _ in self._kept if of == campaign}))

    def versions(self, campaign: str, name: str) -> tuple[datetime, ...]:
        """Instants of all versions, oldest first."""
        return tuple(sorted(at for *key, at in self._kept if key == [campaign, name]))
