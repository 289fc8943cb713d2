"""The two spellings of time inside one payload."""

from datetime import UTC, datetime

from sandbox.clock import KST


def local(instant: datetime | None) -> str | None:
    """Top-level times: Asia/Seoul with ``+09:00``."""
    return instant.astimezone(KST).isoformat(timespec="seconds") if instant else None


def zulu(instant: datetime) -> str:
    """Times inside snapshots and pay orders: UTC with ``Z``."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def local_date(instant: datetime) -> str:
    """A date of use."""
    return instant.astimezone(KST).date().isoformat()
