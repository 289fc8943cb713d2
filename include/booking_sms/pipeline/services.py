"""The ports and limits that dispatch and reconcile work with. No I/O happens here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from booking_sms.domain.errors import SettingsInvalid
from booking_sms.domain.text_caps import TextCaps
from booking_sms.pipeline.pacing import random_fraction
from booking_sms.ports import (
    AlertChannel,
    BodyStore,
    Clock,
    ControlRepository,
    LegacyLedger,
    SmsGateway,
    SmsJobRepository,
    TransportClock,
)

TIMESTAMP_VALIDITY_S = 300
"""SENS refuses a signature this old (sens-overview): after it, a late POST cannot arrive."""


@dataclass(frozen=True, kw_only=True)
class DispatchServices:
    """What sending and settling need of the outside world.

    ``clock`` is business time (not_before, not_after, hours); ``transport_clock`` is real time
    (t0, leases, settle time, rates). ``sleep`` takes seconds. ``channels`` are where notices to
    colleagues go, by name (``slack``, ``telegram``). ``fraction`` draws from 0 to 1 for jitter.
    """

    jobs: SmsJobRepository
    bodies: BodyStore
    ledger: LegacyLedger
    control: ControlRepository
    gateway: SmsGateway
    clock: Clock
    transport_clock: TransportClock
    sleep: Callable[[float], None]
    channels: Mapping[str, AlertChannel] = field(default_factory=dict)
    fraction: Callable[[], float] = random_fraction


@dataclass(frozen=True, kw_only=True)
class DispatchPolicy:
    """Limits of one dispatch run. Durations are seconds.

    ``sends_per_second`` is the chain's rate, divided over ``shard_groups`` parallel workers;
    each may send its first text at once.
    ``lease_s`` must be above the gateway's timeouts together, ``notice_lease_s`` above those of
    a chat's, which is asked several times. The caps count accepted texts
    and doubts: information above a cap is held for a person, advertising waits for the next day
    or month. ``monthly_text_cap`` 0 means none; ``monthly_reserve_percent`` of it are left to
    information.
    ``advertising_gap_days`` is the least time between two advertising texts to one number, in
    days of 24 hours; 0 means none.
    """

    sends_per_second: float = 5.0
    shard_groups: int = 1
    lease_s: int = 60
    notice_lease_s: int = 300
    drain_budget_s: float = 200.0
    daily_text_cap: int = 2000
    daily_advertising_cap: int = 500
    monthly_text_cap: int = 0
    monthly_reserve_percent: int = 20
    advertising_gap_days: int = 1
    retry_base_s: float = 30.0
    retry_limit_s: float = 600.0
    throttle_pause_s: float = 1.0
    throttles_before_stop: int = 3
    refusals_before_pause: int = 5
    pause_s: int = 900
    control_max_age_ms: int = 500
    deferred_to: str = "20:00"

    def __post_init__(self) -> None:
        if self.sends_per_second <= 0 or self.shard_groups < 1 or self.lease_s < 1:
            raise SettingsInvalid("rate, shard groups and lease must be above zero")

    @property
    def caps(self) -> TextCaps:
        """How many texts may go out a day and a month."""
        return TextCaps(
            daily_text=self.daily_text_cap,
            daily_advertising=self.daily_advertising_cap,
            monthly_text=self.monthly_text_cap,
            reserve_percent=self.monthly_reserve_percent,
        )

    @property
    def worker_rate(self) -> float:
        """Texts per second that one worker may send."""
        return self.sends_per_second / self.shard_groups


@dataclass(frozen=True, kw_only=True)
class ReconcilePolicy:
    """When doubt is settled and delivery is asked for. Durations are seconds.

    An absent text was not sent once ``settle_s`` have passed since t0 and ``looks`` looks found
    nothing: by then SENS refuses the attempt's only timestamp, and the list has caught up.
    ``zone_margin_s`` widens the look back: SENS does not document its filters' time zone, and
    a text that is missed there for nine hours' difference would be sent twice.
    Raises SettingsInvalid for a settle time that proves nothing, unless ``is_loopback``.
    """

    settle_s: int = 480
    skew_s: int = 30
    looks: int = 2
    zone_margin_s: int = 9 * 3600
    poll_tick_s: int = 600
    poll_for_s: int = 7 * 86_400
    list_failures_before_stop: int = 3
    is_loopback: bool = False

    def __post_init__(self) -> None:
        least = TIMESTAMP_VALIDITY_S + self.skew_s
        if self.settle_s < least and not self.is_loopback:
            raise SettingsInvalid(f"settle_s must be at least {least}")
        if self.looks < 1:
            raise SettingsInvalid("looks must be at least 1")

    @property
    def lag_alarm_s(self) -> float:
        """Half the margin that the settle time leaves for the list to lag behind."""
        return max(0.0, (self.settle_s - TIMESTAMP_VALIDITY_S - self.skew_s) / 2)
