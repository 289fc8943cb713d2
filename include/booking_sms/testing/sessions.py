"""The stored Naver session and the login lock in memory."""

from __future__ import annotations

import threading
from datetime import timedelta

from booking_sms.ports import SessionRecord, TransportClock


class InMemorySessionStore:
    """One session record. ``writes`` counts the saves that changed something."""

    def __init__(self, record: SessionRecord | None = None) -> None:
        self.record = record
        self.writes = 0

    def load(self) -> SessionRecord | None:
        """Return the stored session or None."""
        return self.record

    def save(self, record: SessionRecord) -> bool:
        """Keep the record if it differs; return whether it did."""
        if record == self.record:
            return False
        self.record = record
        self.writes += 1
        return True


class InMemoryLoginLock:
    """One owner at a time, until its end on the given clock."""

    def __init__(self, clock: TransportClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._owner = ""
        self._until_ms = 0

    def acquire(self, owner: str, ttl: timedelta) -> bool:
        """Take or extend the lock; False while another owner holds it."""
        with self._lock:
            now_ms = self._clock.now_ms()
            if owner != self._owner and now_ms < self._until_ms:
                return False
            self._owner = owner
            self._until_ms = now_ms + ttl // timedelta(milliseconds=1)
            return True

    def release(self, owner: str) -> None:
        """Give the lock back if this owner still holds it."""
        with self._lock:
            if owner == self._owner:
                self._until_ms = 0
