"""A validation campaign: what it is about. Evidence about anything else does not count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import AliasChoices, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from booking_sms.domain.errors import ActionRefused


class Dataset(BaseModel):
    """Version and checksum of the golden dataset; None where nobody said."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    version: int | str | None = None
    sha256: str | None = None


class Campaign(BaseModel):
    """Start, code, rules and dataset as they were locked when the campaign was opened."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str = Field(validation_alias=AliasChoices("id", "campaign", "campaign_id"))
    start: AwareDatetime = Field(
        validation_alias=AliasChoices("start", "started_at", "start_at", "since")
    )
    rule_set: str = Field(
        min_length=1, validation_alias=AliasChoices("rules_digest", "rule_set_digest", "rule_set")
    )
    code_version: str = Field(min_length=1)
    dataset: Dataset = Dataset()


def plan_id_of(campaign_id: str) -> str:
    """Where the campaign's metadata lie in ``sms_plans``."""
    return f"campaign#{campaign_id}"


def read_campaign(campaign_id: str, stored: Mapping[str, Any] | None) -> Campaign:
    """The campaign of stored metadata; ActionRefused if there is none, or it locks nothing."""
    if stored is None:
        raise ActionRefused(
            "no such campaign: booking-sms campaign bootstrap", campaign=campaign_id
        )
    document = {"id": campaign_id, **stored}
    if not isinstance(document.get("dataset"), Mapping):
        version = document.get("dataset_version", document.get("dataset"))
        sha256 = document.get("dataset_sha256")
        document["dataset"] = {"version": version, "sha256": sha256}
    try:
        return Campaign.model_validate(document)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, one["loc"])) for one in error.errors())
        raise ActionRefused(f"the campaign lacks: {fields}", campaign=campaign_id) from None
