"""What a login needs to know. Apart from the browser code, so that reading it costs nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from booking_sms.telemetry.call_meter import CallMeter


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """The portal login."""

    username: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class BrowserConfig:
    """Which browser, and how long it may take. Durations are seconds.

    Empty paths are looked up on PATH. ``loopback_only`` keeps the browser from resolving any
    other host: for a simulated Naver. ``meter`` is told what the browser took.
    """

    binary: str = ""
    driver: str = ""
    page_load_timeout_s: float = 45.0
    script_timeout_s: float = 30.0
    form_wait_s: float = 10.0
    answer_wait_s: float = 15.0
    loopback_only: bool = False
    meter: CallMeter = field(default_factory=CallMeter, compare=False, repr=False)
