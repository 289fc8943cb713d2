"""The sandbox's services as a process of their own, and the control API as a few methods."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

START_TIMEOUT_S = 60.0


class Sandbox:
    """URLs of the services, scripted faults and what they received."""

    def __init__(self, ports: dict[str, int]) -> None:
        self.urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        self._control = httpx.Client(base_url=self.urls["control"], trust_env=False)

    def fault(self, service: str, operation: str, kind: str, times: int = 1, **params: Any) -> None:
        body = {"service": service, "operation": operation, "kind": kind, "params": params}
        self._control.post("/control/faults", json=body | {"times": times}).raise_for_status()

    def configure(self, service: str, **values: Any) -> None:
        self._control.put("/control/config", json={service: values}).raise_for_status()

    def state(self, service: str) -> dict[str, Any]:
        found: dict[str, Any] = self._control.get(f"/control/state/{service}").json()
        return found

    def messages(self, service: str) -> list[dict[str, Any]]:
        found = self.state(service)["messages"]
        return list(found.values()) if isinstance(found, dict) else found

    def forget(self) -> None:
        """Faults and messages go; the settings are the defaults again."""
        self._control.delete("/control/faults").raise_for_status()
        self._control.post("/control/reset", json={}).raise_for_status()

    def close(self) -> None:
        self._control.close()


@contextmanager
def run_sandbox(folder: Path):
    """Serve on free ports of the loopback until the block ends."""
    command = [sys.executable, "-m", "sandbox", "serve", "--dir", str(folder), "--clock", "real"]
    with (folder.parent / "sandbox.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=dict(os.environ))
        try:
            sandbox = Sandbox(_wait_for(folder / "ports.json", process))
            yield sandbox
            sandbox.close()
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_for(ports_file: Path, process: subprocess.Popen[bytes]) -> dict[str, int]:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        if ports_file.exists():
            ports: dict[str, int] = json.loads(ports_file.read_text())
            return ports
        time.sleep(0.05)
    raise RuntimeError("the sandbox did not start")
