"""The stand-in predecessor, a process that is asked in JSON lines."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from booking_sms.config.settings import INCLUDE
from booking_sms.domain.errors import ActionRefused

COMMAND = (sys.executable, "-m", "sandbox", "legacy", "rehearse")


class StandIn:
    """One running stand-in; a context manager that always ends it."""

    def __init__(self, order: Mapping[str, Any]) -> None:
        self._order = order

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            cwd=INCLUDE,
        )
        self.begun = self._ask({"op": "begin", **self._order})
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def look(self, at: datetime) -> list[dict[str, Any]]:
        """Payloads of the bookings that changed since the last look."""
        return list(self._ask({"op": "look", "at": at.isoformat()})["changed"])

    def run(self, at: datetime) -> dict[str, Any]:
        """One run of the predecessor: writes and texts with their instants."""
        return self._ask({"op": "run", "at": at.isoformat()})

    def _ask(self, order: Mapping[str, Any]) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise ActionRefused("the stand-in predecessor has no pipes")
        try:
            stdin.write(json.dumps(order, ensure_ascii=False) + "\n")
            stdin.flush()
        except BrokenPipeError:
            raise ActionRefused("the stand-in predecessor ended; it says why above") from None
        line = stdout.readline()
        if not line:
            raise ActionRefused("the stand-in predecessor ended; it says why above")
        return dict(json.loads(line))
