"""Evidence of campaigns on a payload stage: a folder or a bucket, one object a version."""

from __future__ import annotations

from datetime import UTC, datetime

from booking_sms.adapters.stage.encoding import check_key
from booking_sms.domain.errors import PayloadConflict
from booking_sms.ports import Artifact, PayloadStage

_INSTANT = "%Y%m%dT%H%M%S.%fZ"
"""Sorts as time does, and is a key."""


class StagedEvidence:
    """ports.EvidenceStore below its own root: a payload stage that nobody sweeps."""

    def __init__(self, stage: PayloadStage) -> None:
        self._stage = stage

    def put(self, campaign: str, name: str, content: str, *, at: datetime) -> Artifact:
        """Keep a version at ``campaign/name/instant``; PayloadConflict if it is another's."""
        if at.tzinfo is None:
            raise ValueError("evidence needs an instant with a zone")
        artifact = Artifact(campaign=campaign, name=name, at=at.astimezone(UTC), content=content)
        try:
            self._stage.write(_key(campaign, name, artifact.at), {"content": content})
        except PayloadConflict:
            if self.get(campaign, name, artifact.at) != artifact:
                raise
        return artifact

    def get(self, campaign: str, name: str, at: datetime | None = None) -> Artifact | None:
        """The newest version, or the one of an instant."""
        if at is None:
            at = max(self.versions(campaign, name), default=None)
        if at is None:
            return None
        try:
            document = self._stage.read(_key(campaign, name, at))
        except KeyError:
            return None
        content = document["content"]
        return Artifact(campaign=campaign, name=name, at=at.astimezone(UTC), content=content)

    def names(self, campaign: str) -> tuple[str, ...]:
        """Second parts of the campaign's keys."""
        keys = self._stage.list(f"{_part(campaign)}/")
        return tuple(sorted({key.split("/")[1] for key in keys}))

    def versions(self, campaign: str, name: str) -> tuple[datetime, ...]:
        """Last parts of the artifact's keys."""
        keys = self._stage.list(f"{_part(campaign)}/{_part(name)}/")
        return tuple(
            datetime.strptime(key.split("/")[2], _INSTANT).replace(tzinfo=UTC)
            for key in sorted(keys)
        )


def _key(campaign: str, name: str, at: datetime) -> str:
    return f"{_part(campaign)}/{_part(name)}/{at.astimezone(UTC).strftime(_INSTANT)}"


def _part(text: str) -> str:
    if "/" in text:
        raise ValueError(f"one part of a key, not several: {text!r}")
    return check_key(text)
