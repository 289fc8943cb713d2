"""Ends a sending task between two messages when Airflow asks it to stop.

Airflow's default is to let SIGTERM pass and to kill five seconds later, which could fall between
the intent and the answer of a message. Anything that is cut off all the same is settled by
sms_reconcile: this only makes doubt rare.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stop_on_sigterm() -> Iterator[Callable[[], bool]]:
    """Yield ``should_stop``: false until the process gets SIGTERM; restores the old handler."""
    stopping = threading.Event()

    def remember(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    previous = signal.signal(signal.SIGTERM, remember)
    try:
        yield stopping.is_set
    finally:
        signal.signal(signal.SIGTERM, previous)
