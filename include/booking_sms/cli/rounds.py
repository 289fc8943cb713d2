"""The loop of a process that looks again and again: a look that fails does not end it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from booking_sms.domain.errors import BookingSmsError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Rounds:
    """Looks for ever. ``words`` say that looking fails, and that it works again."""

    name: str
    look: Callable[[], object]
    page: Callable[[str], object]
    words: tuple[str, str]

    def repeat(self, every: int, stop: threading.Event) -> None:
        """Look every so many seconds until ``stop`` is set; a failure is paged once."""
        failed = ""
        while not stop.is_set():
            failed = self._round(failed)
            stop.wait(every)

    def _round(self, failed_before: str) -> str:
        """One look; the error's name if it failed, empty if it did not."""
        blind, sees_again = self.words
        try:
            self.look()
        except BookingSmsError as error:
            log.error(f"{self.name}_failed", code=error.code)
            if error.code != failed_before:
                self.page(f"{blind}: {error.code}")
            return error.code
        if failed_before:
            self.page(sees_again)
        return ""
