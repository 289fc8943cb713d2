"""Everything that is neither a credential, nor a rule: one class, all problems at once.

Values come from ``BOOKING_SMS_*`` variables. A ``world.env`` file, which the embedded world
writes while it is up, fills what the environment does not set.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from booking_sms.domain.errors import SettingsInvalid
from booking_sms.domain.phone import TEXTABLE, parse_phone
from booking_sms.domain.price import Prices

PREFIX = "BOOKING_SMS_"
INCLUDE = Path(__file__).resolve().parents[2]
MIN_SETTLE_S = 330
"""SENS refuses a timestamp of 300 s; 30 s of clock skew on top."""


class Settings(BaseModel):
    """Settings of one process. Durations are seconds, rates are per second."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    home: Path = Field(INCLUDE, description="folder with rules/, messages/, stores/")
    rule_set: str = Field("legacy", description="name of the active rule set")
    stage_url: str = Field("", description="object storage of payloads: file:// or s3://")
    evidence_url: str = Field("", description="evidence of campaigns: file:// or s3://, kept")
    table_prefix: str = Field("", description="prefix of every DynamoDB table")
    clock_url: str = Field("", description="world clock of the embedded world, loopback only")
    sandbox_control_url: str = Field("", description="control API of the sandbox")
    effective_from: AwareDatetime | None = Field(
        None, description="scheduled windows before this instant are skipped"
    )
    loopback_only: bool = Field(False, description="refuse to send to any host but loopback")
    login_attempts_per_day: int = Field(3, ge=1, le=10)
    page_pause_s: float = Field(1.0, ge=0, description="pause between booking pages")
    http_timeout_s: float = Field(10.0, gt=0)
    sens_timeout_s: float = Field(10.0, gt=0, le=60)
    lease_s: int = Field(60, ge=1, description="lease of a sending job, above sens_timeout_s")
    settle_s: int = Field(480, ge=1, description="after t0: when an absent text was not sent")
    settle_looks: int = Field(2, ge=1)
    drain_budget_s: int = Field(200, ge=1)
    sends_per_second: float = Field(5.0, gt=0)
    daily_text_cap: int = Field(
        2000, ge=1, description="safety cap of texts a day; holds and pages"
    )
    monthly_text_cap: int = Field(
        10_000, ge=0, description="texts a month, SENS's quota for all classes; 0 = none"
    )
    monthly_reserve_percent: int = Field(
        20, ge=0, le=100, description="part of the month's texts that advertising never takes"
    )
    advertising_gap_days: int = Field(
        1, ge=0, le=365, description="days between two advertising texts to one number; 0 = none"
    )
    no_bookings_hours: int = Field(
        24, ge=1, le=168, description="hours without any booking in a store's windows: an alarm"
    )
    bookings_band_low_percent: int = Field(
        50, ge=0, le=100, description="of the usual bookings at this time of day: fewer is an alarm"
    )
    bookings_band_high_percent: int = Field(
        200, ge=100, description="of the usual bookings at this time of day: more is an alarm"
    )
    watched_dags: str = Field(
        "booking_sms_etl,sms_dispatch,sms_reconcile",
        description="DAGs that must never be paused, separated by commas",
    )
    price_sms_krw: Decimal = Field(Decimal(9), ge=0, description="estimate: won for one SMS")
    price_lms_krw: Decimal = Field(Decimal(30), ge=0, description="estimate: won for one LMS")
    repair_max_texts: int = Field(200, ge=0, description="texts that one repair may send")
    repair_max_krw: Decimal = Field(
        Decimal(20_000), ge=0, description="estimated won that one repair may cost"
    )
    repair_max_age_hours: int = Field(
        72, ge=1, description="age of the oldest window that a repair may send for"
    )
    metrics_namespace: str = Field(
        "NaverSMSAutomation", description="CloudWatch namespace of operations; off = none"
    )
    metrics_comparison_namespace: str = Field(
        "naver-sms/comparison", description="CloudWatch namespace of comparisons; off = none"
    )
    notices_topic_arn: str = Field("", description="SNS topic of notices and alarms; empty = none")
    canary_alarm: str = Field(
        "booking-sms-canary-alarm",
        description="alarm that alert_canary expects to fire; off = only its number is looked for",
    )
    dashboard_url: str = Field("", description="page that a notice's Dashboard button opens")
    runbook_url: str = Field("", description="page of docs/runbook.md, for the Runbook button")
    personal_days: int = Field(
        40, ge=1, description="days after a visit until names, phones and texts are blanked"
    )
    personal_key_days: int = Field(
        120, ge=1, description="days after a visit until its keys are erased as well"
    )
    own_numbers: str = Field("", description="own phones for previews, separated by commas")
    chrome_binary: str = ""
    chromedriver: str = ""

    @model_validator(mode="after")
    def _lease_above_timeout(self) -> Settings:
        if self.lease_s <= self.sens_timeout_s:
            raise ValueError("lease_s must be above sens_timeout_s")
        return self

    @model_validator(mode="after")
    def _keys_outlive_people(self) -> Settings:
        if self.personal_key_days < self.personal_days:
            raise ValueError("personal_key_days must not be below personal_days")
        return self

    @field_validator("own_numbers")
    @classmethod
    def _own_numbers_take_texts(cls, numbers: str) -> str:
        for place, raw in enumerate(_listed(numbers), start=1):
            kind = parse_phone(raw).kind
            if kind not in TEXTABLE:
                raise ValueError(f"number {place} is {kind}: no text can arrive there")
        return numbers

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read ``BOOKING_SMS_*``; raise SettingsInvalid with every problem at once."""
        values = {
            key.removeprefix(PREFIX).lower(): value
            for key, value in environ.items()
            if key.startswith(PREFIX) and value != ""
        }
        values.pop("world", None)
        try:
            return cls(**values)
        except ValidationError as error:
            raise SettingsInvalid("; ".join(_problem(item) for item in error.errors())) from None

    @property
    def staging(self) -> str:
        """URL of the payload stage; a folder beside the project by default."""
        return self.stage_url or f"file://{INCLUDE.parent / '.stage'}"

    @property
    def evidence(self) -> str:
        """URL of the campaigns' evidence; beside the stage, which is swept, and never inside.

        Raises SettingsInvalid for a stage that fills its bucket: then there is no beside.
        """
        if self.evidence_url:
            return self.evidence_url
        if not urlsplit(self.staging).path.strip("/"):
            raise SettingsInvalid("BOOKING_SMS_EVIDENCE_URL is needed: the stage has no folder")
        return f"{self.staging.rstrip('/')}-evidence"

    @property
    def prices(self) -> Prices:
        """What a text is thought to cost, for previews."""
        return Prices(sms=self.price_sms_krw, lms=self.price_lms_krw)

    @property
    def watched_dag_ids(self) -> tuple[str, ...]:
        """DAGs whose pause is trouble."""
        return tuple(_listed(self.watched_dags))

    @property
    def own_digits(self) -> frozenset[str]:
        """Numbers to which a preview may be texted."""
        return frozenset(parse_phone(raw).digits for raw in _listed(self.own_numbers))

    def is_before_start(self, as_of: datetime) -> bool:
        """Whether a scheduled window lies before the system's first day."""
        return self.effective_from is not None and as_of < self.effective_from


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _problem(item: Any) -> str:
    name = ".".join(str(part) for part in item["loc"])
    where = f"{PREFIX}{name.upper()}: " if name else ""
    return f"{where}{item['msg']}"


def world_folder(environ: Mapping[str, str]) -> Path:
    """Folder of the embedded world: ``BOOKING_SMS_WORLD`` or ``.world`` in the project."""
    return Path(environ.get(f"{PREFIX}WORLD") or INCLUDE.parent / ".world")


def effective_environ(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment, with a running embedded world's variables filled in where unset."""
    own = dict(os.environ if environ is None else environ)
    world = dotenv_values(world_folder(own) / "world.env", interpolate=False)
    return {**{key: value for key, value in world.items() if value}, **own}
