"""The campaign's proxy, told which answers to lose instead of drawing them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from booking_sms.faults.lossy_proxy import run_lossy_proxy as run_proxy


class LossyProxy:
    """``drop_next(operation)`` loses the answer of that operation's next request, once each."""

    def __init__(self) -> None:
        self._to_drop: list[str] = []
        self.dropped: list[str] = []
        self._lock = threading.Lock()

    def drop_next(self, operation: str, times: int = 1) -> None:
        self._to_drop += [operation] * times

    def must_drop(self, operation: str) -> bool:
        with self._lock:
            if operation not in self._to_drop:
                return False
            self._to_drop.remove(operation)
            self.dropped.append(operation)
            return True


@contextmanager
def run_lossy_proxy(upstream: str) -> Iterator[tuple[LossyProxy, str]]:
    proxy = LossyProxy()
    with run_proxy(upstream, proxy.must_drop) as url:
        yield proxy, url
