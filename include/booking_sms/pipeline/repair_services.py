"""The ports and facts that a repair works with. No I/O happens here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from booking_sms.domain.catalog import Catalog
from booking_sms.domain.price import Prices
from booking_sms.pipeline.plan_document import Seals
from booking_sms.pipeline.repair_plan import RepairCaps
from booking_sms.ports import (
    BodyStore,
    BookingSource,
    Clock,
    ControlRepository,
    LegacyLedger,
    PayloadStage,
    PlanRepository,
    SecretSource,
    SmsJobRepository,
    WindowRepository,
)


@dataclass(frozen=True, kw_only=True)
class RepairServices:
    """What preview, approval and execution need; ``clock`` is business time.

    ``rollout`` are the stored stages by rule name. ``day_totals`` counts what the
    windows of a day planned up to an instant, for the digests that tell of it.
    """

    jobs: SmsJobRepository
    bodies: BodyStore
    ledger: LegacyLedger
    windows: WindowRepository
    control: ControlRepository
    plans: PlanRepository
    stage: PayloadStage
    sealer: Seals
    source: BookingSource
    secrets: SecretSource
    clock: Clock
    catalog: Catalog
    rollout: Mapping[str, str]
    prices: Prices
    caps: RepairCaps
    hmac_key: bytes = field(repr=False)
    code_version: str
    day_totals: Callable[[datetime], Mapping[str, Any]]
