"""All services in one process, each on its own port of the loopback."""

import asyncio
import contextlib
import json
import signal
import socket
from collections.abc import Generator, Mapping
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from sandbox.app import SERVICES, build_apps
from sandbox.atomic_file import write_atomically
from sandbox.context import SandboxContext
from sandbox.loopback import LOOPBACK, bind
from sandbox.state_file import StateFile

KEEP_ALIVE_SECONDS = 75  # longer than a client's pause between two calls
GRACE_SECONDS = 1
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class _Server(uvicorn.Server):
    """One of several in a process: signals belong to the process, not to each server."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def bind_all(
    ports: Mapping[str, int] | None = None, host: str = LOOPBACK
) -> dict[str, socket.socket]:
    """A socket per service, on the port asked for or a free one."""
    sockets: dict[str, socket.socket] = {}
    try:
        for service in SERVICES:
            sockets[service] = bind(host, (ports or {}).get(service, 0))
    except OSError:
        for sock in sockets.values():
            sock.close()
        raise
    return sockets


async def serve(
    context: SandboxContext,
    sockets: Mapping[str, socket.socket],
    state: StateFile,
    ports_file: Path,
) -> None:
    """Serve until SIGTERM or SIGINT; the ports file appears when every service listens."""
    ports = {service: sock.getsockname()[1] for service, sock in sockets.items()}
    context.urls = {
        service: f"http://{sock.getsockname()[0]}:{ports[service]}"
        for service, sock in sockets.items()
    }
    servers = {service: _server(app) for service, app in build_apps(context).items()}
    _stop_on_signals(list(servers.values()))
    keeper = asyncio.create_task(state.keep())
    announcer = asyncio.create_task(_announce(list(servers.values()), ports_file, ports))
    try:
        await asyncio.gather(*(servers[name].serve([sockets[name]]) for name in servers))
    finally:
        announcer.cancel()
        keeper.cancel()
        state.save()
        ports_file.unlink(missing_ok=True)


def _server(app: Starlette) -> _Server:
    config = uvicorn.Config(
        app,
        lifespan="off",
        access_log=False,
        log_level="warning",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return _Server(config)


def _stop_on_signals(servers: list[_Server]) -> None:
    def stop() -> None:
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in _STOP_SIGNALS:
        loop.add_signal_handler(number, stop)


async def _announce(servers: list[_Server], ports_file: Path, ports: dict[str, int]) -> None:
    while not all(server.started for server in servers):
        await asyncio.sleep(0.02)
    write_atomically(ports_file, json.dumps(ports, indent=2) + "\n")
