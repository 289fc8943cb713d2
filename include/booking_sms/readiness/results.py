"""The results that a campaign is judged by, as their producers write them.

Unknown keys are kept out of the way, and a number that is missing is None: unmeasured, never a
default that would pass. Numbers are strict: a word or a truth value is not a count.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AliasChoices, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from booking_sms.readiness.campaign import Dataset

Count = Annotated[int, Field(strict=True, ge=0)]
Amount = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Truth = Annotated[bool, Field(strict=True)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Result(_Part):
    """What all have: the kind, when it was measured, and on which rules and code."""

    ran_at: AwareDatetime
    rule_set: str | None = None
    code_version: str | None = None


class Channel(_Part):
    """One channel's own counts: the predecessor's side, ours, and what differs unexplained.

    ``equal`` counts pairs: what was paired stands on both sides, that many at least.
    """

    expected: Count | None = Field(
        None, validation_alias=AliasChoices("expected", "legacy", "legacy_items", "equal")
    )
    actual: Count | None = Field(
        None, validation_alias=AliasChoices("actual", "candidate", "candidate_items", "equal")
    )
    mismatches: Count | None = Field(
        None, validation_alias=AliasChoices("unexplained", "mismatches")
    )


def _counts(value: Any) -> Any:
    """A bare number tells what differs, and nothing of the sides."""
    return value if isinstance(value, dict) or value is None else {"mismatches": value}


Counts = Annotated[Channel, BeforeValidator(_counts)]


class GoldenParity(Result):
    """Our decisions against the predecessor's recorded ones."""

    scenarios: Count | None = None
    sms: Counts | None = None
    writes: Counts | None = None
    ledger: Counts | None = None
    telegram: Counts | None = None
    slack: Counts | None = None
    match_percentage: Amount | None = None
    unexplained: Count | None = None
    critical: Count | None = None
    vacuous: tuple[str, ...] | None = None
    dataset: Dataset = Dataset()


class LiveChannels(_Part):
    """What can be seen while both systems run."""

    sms: Counts | None = None
    db: Counts | None = None


class ShadowParity(Result):
    """Our plans against what the predecessor wrote while both ran."""

    campaign: str | None = None
    windows: Count | None = None
    compared: Count | None = None
    legacy_items: Count | None = None
    candidate_items: Count | None = None
    unexplained: Count | None = None
    channels: LiveChannels = LiveChannels()
    not_observable: tuple[str, ...] | None = None
    days_without_mismatch: Amount | None = None
    vacuous: tuple[str, ...] | None = None


class Mutation(Result):
    """Whether the comparator finds what is wrong on purpose."""

    mutants: Count | None = None
    kinds: Count | None = None
    killed: Count | None = None
    survived: Count | None = None
    survivors: tuple[str, ...] | None = None


class Measure(_Part):
    """One limit of duration, memory or latency, and how it was kept."""

    name: str
    value: Amount | None = None
    limit: Amount | None = None
    unit: str = ""
    ok: Truth | None = None


class Thresholds(Result):
    """Duration, memory, cold start, latency of the tables."""

    measures: tuple[Measure, ...] | None = None


class Metrics(Result):
    """What was published, and whether somebody looked at the dashboard."""

    published: Count | None = None
    failed: Count | None = None
    dashboard_verified: Truth | None = None


class Notices(Result):
    """What was posted to the team's channel."""

    slack_configured: Truth | None = None
    sent: Count | None = None
    failed: Count | None = None


KINDS: dict[type[Result], str] = {
    GoldenParity: "golden_parity",
    ShadowParity: "shadow",
    Mutation: "mutation",
    Thresholds: "thresholds",
    Metrics: "metrics",
    Notices: "notices",
}
"""The value of ``kind`` that each is written with."""
