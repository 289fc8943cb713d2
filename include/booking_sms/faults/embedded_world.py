"""A world of a campaign's own: sandbox and DynamoDB engine as processes, in a folder that goes.

The sandbox shares no code with this package: it is run as a program and asked over HTTP.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from dotenv import dotenv_values

from booking_sms.config.settings import INCLUDE
from booking_sms.domain.errors import SettingsInvalid


class EmbeddedWorld:
    """Environment and control API of a running world."""

    def __init__(self, folder: Path) -> None:
        values = dotenv_values(folder / "world.env", interpolate=False)
        self.environ = {name: value for name, value in values.items() if value}
        url = self.environ["BOOKING_SMS_SANDBOX_CONTROL_URL"]
        self._http = httpx.Client(base_url=url, timeout=30, trust_env=False)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """One call of the control API."""
        answer = self._http.request(method, path, json=body)
        answer.raise_for_status()
        return answer.json()

    def close(self) -> None:
        """Close the connection to the control API."""
        self._http.close()


@contextlib.contextmanager
def embedded_world() -> Iterator[EmbeddedWorld]:
    """A world without bookings until the block ends; nothing of it stays."""
    with tempfile.TemporaryDirectory(prefix="booking-sms-campaign-") as folder:
        _sandbox("up", "--dir", folder, "--bookings", "0", "--stores", "1", "--clock", "real")
        world = EmbeddedWorld(Path(folder))
        try:
            yield world
        finally:
            world.close()
            _sandbox("down", "--dir", folder)


def _sandbox(*arguments: str) -> None:
    done = subprocess.run(  # noqa: S603 (our own program, with arguments from this file)
        [sys.executable, "-m", "sandbox", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=INCLUDE.parent,
        env={**os.environ, "PYTHONPATH": str(INCLUDE)},
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise SettingsInvalid(f"the sandbox did not go {arguments[0]}: {said[-1:]}")
