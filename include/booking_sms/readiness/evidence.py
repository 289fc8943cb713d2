"""Finds the result of each kind among a campaign's artifacts, if it may still be believed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar, cast

from pydantic import ValidationError

from booking_sms.ports import Artifact
from booking_sms.readiness.campaign import Campaign
from booking_sms.readiness.results import KINDS, GoldenParity, Result, ShadowParity

MAX_AGE = timedelta(days=8)
"""A campaign's seven days, and one to decide."""

M = TypeVar("M", bound=Result)


@dataclass(frozen=True, kw_only=True)
class Found(Generic[M]):
    """A result, and the artifact that it was read from."""

    result: M
    artifact: Artifact

    @property
    def source(self) -> str:
        """Name and checksum."""
        return f"{self.artifact.name} sha256:{self.artifact.sha256}"


@dataclass(frozen=True, kw_only=True)
class Unmeasured:
    """Why there is no result to be believed."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class InUse:
    """What would go live: rules and code as they are now."""

    rule_set: str
    code_version: str


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A campaign's artifacts at the instant of judging; several versions of one are welcome."""

    campaign: Campaign
    in_use: InUse
    artifacts: tuple[Artifact, ...]
    now: datetime

    def find(self, kind: type[M]) -> Found[M] | Unmeasured:
        """The newest result of a kind, or why it cannot be used."""
        current = (one for one in self._of_kind(kind) if one.at == self._newest_of(one.name))
        newest = max(current, key=lambda one: (one.at, one.name), default=None)
        if newest is None:
            return Unmeasured(reason=f"no evidence of kind {KINDS[kind]}{self._unreadable()}")
        return self._believed(kind, newest)

    def history(self, kind: type[M]) -> tuple[M, ...]:
        """Every readable result of a kind that was measured since the campaign's start."""
        found = (_parsed(kind, one) for one in self._of_kind(kind))
        return tuple(
            one for one in found if isinstance(one, kind) and one.ran_at >= self.campaign.start
        )

    def _of_kind(self, kind: type[M]) -> Iterable[Artifact]:
        return (one for one in self.artifacts if kind_of(one) == KINDS[kind])

    def _newest_of(self, name: str) -> datetime:
        """A version that cannot be read does not bring back the one before it."""
        return max(one.at for one in self.artifacts if one.name == name)

    def _unreadable(self) -> str:
        names = sorted({one.name for one in self.artifacts if _is_broken(one)})
        return f"; unreadable: {', '.join(names)}" if names else ""

    def _believed(self, kind: type[M], artifact: Artifact) -> Found[M] | Unmeasured:
        parsed = _parsed(kind, artifact)
        if isinstance(parsed, str):
            return Unmeasured(reason=f"{artifact.name} cannot be read: {parsed}")
        if doubt := self._doubt(parsed):
            return Unmeasured(reason=f"{artifact.name} is stale: {doubt}")
        return Found(result=parsed, artifact=artifact)

    def _doubt(self, result: Result) -> str:
        """Why a readable result is about something else; empty if it is not."""
        return next(filter(None, (*self._other_subject(result), *self._other_time(result))), "")

    def _other_subject(self, result: Result) -> Iterable[str]:
        locked, in_use = self.campaign, self.in_use
        yield _differs("rule set", locked.rule_set, result.rule_set, in_use.rule_set)
        yield _differs("code", locked.code_version, result.code_version, in_use.code_version)
        if isinstance(result, GoldenParity):
            yield _differs("dataset", locked.dataset.version, result.dataset.version)
            if locked.dataset.sha256 is not None:
                yield _differs("dataset sha256", locked.dataset.sha256, result.dataset.sha256)
        if isinstance(result, ShadowParity):
            yield _differs("campaign", locked.id, result.campaign)

    def _other_time(self, result: Result) -> Iterable[str]:
        if result.ran_at < self.campaign.start:
            yield "it is older than the campaign"
        if result.ran_at < self.now - MAX_AGE:
            yield f"it is older than {MAX_AGE.days} days"
        if result.ran_at > self.now:
            yield "it is from the future"


def kind_of(artifact: Artifact) -> str:
    """The ``kind`` of a JSON artifact; empty for anything else."""
    if not artifact.name.endswith(".json") or _is_broken(artifact):
        return ""
    return str(_document(artifact).get("kind") or "")


def _is_broken(artifact: Artifact) -> bool:
    if not artifact.name.endswith(".json"):
        return False
    try:
        return not isinstance(json.loads(artifact.content), dict)
    except ValueError:
        return True


def _document(artifact: Artifact) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", json.loads(artifact.content))


def _parsed(kind: type[M], artifact: Artifact) -> M | str:
    try:
        return kind.model_validate(_document(artifact))
    except ValidationError as error:
        return ", ".join(sorted({".".join(map(str, one["loc"])) for one in error.errors()}))


def _differs(what: str, locked: object, *others: object) -> str:
    """What is wrong with the first that is not what the campaign locked."""
    if locked is None:
        return f"the campaign locks no {what}"
    for other in others:
        if other is None:
            return f"it does not say its {what}"
        if str(other) != str(locked):
            return f"{what} {other}, the campaign's is {locked}"
    return ""
