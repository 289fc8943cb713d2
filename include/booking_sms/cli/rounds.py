"""The loop of a process that looks again and again: a look that fails does not end it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog
import typer

from booking_sms.cli.console import fail
from booking_sms.domain.errors import BookingSmsError

LEAST_PAUSE_S = 10
OnceOption = typer.Option(False, "--once", help="One look; exit 1 if anything is open.")
EveryOption = typer.Option(0, "--every", help="Looks for ever, this many seconds apart.")
log = structlog.get_logger(__name__)


def require_choice(once: bool, every: int) -> None:
    """Either one look or looks for ever; one clear line otherwise."""
    if once == bool(every) or 0 < every < LEAST_PAUSE_S:
        raise fail(f"choose --once or --every SECONDS ({LEAST_PAUSE_S} or more)")


def stop_event() -> threading.Event:
    """An event that SIGTERM and SIGINT set: the look under way is finished."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


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
            log.error(f"{self.name}_failed", error=error.code)
            if error.code != failed_before:
                self.page(f"{blind}: {error.code}")
            return error.code
        if failed_before:
            self.page(sees_again)
        return ""
