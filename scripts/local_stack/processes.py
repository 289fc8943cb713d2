"""Starts Airflow's components one by one and leaves none of them behind.

`airflow standalone` would bind log servers on every interface. Each component gets a session of
its own, so that it can be stopped with its children, and only what was started here is stopped:
a process is known by its id together with the instant of its birth.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import psutil

from local_stack.environment import LOOPBACK, write_private
from local_stack.layout import PROJECT, StackError

T = TypeVar("T")

COMPONENTS = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
PRELOADED = (str(Path(__file__).with_name("preloaded_airflow.py")),)
GRACE_S = 8.0
COMMAND_WITHIN_S = 180
_CHILDREN: list[subprocess.Popen[bytes]] = []
"""Components that this very process started: their ends have to be collected by it."""


@dataclass(frozen=True)
class Component:
    """A process of ours: name, process id (also its group's) and birth."""

    name: str
    pid: int
    born: float

    @property
    def is_running(self) -> bool:
        """Whether the process itself lives (and its id is not another one's by now)."""
        return any(process.pid == self.pid for process in self.members())

    def members(self) -> list[psutil.Process]:
        """Every living process of its session, also those whose parent is gone."""
        if not _is_same_or_gone(self.pid, self.born):
            return []
        return [process for process in psutil.process_iter() if _session_of(process) == self.pid]


def _is_same_or_gone(pid: int, born: float) -> bool:
    try:
        return psutil.Process(pid).create_time() == born
    except psutil.NoSuchProcess:
        return True


def _is_alive(component: Component) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(component.pid)
        is_same = process.create_time() == component.born
        return is_same and process.status() != psutil.STATUS_ZOMBIE
    return False


def _session_of(process: psutil.Process) -> int:
    try:
        return 0 if process.status() == psutil.STATUS_ZOMBIE else os.getsid(process.pid)
    except (psutil.NoSuchProcess, ProcessLookupError):
        return 0


def this_process() -> Component:
    """The process that runs this very line."""
    return Component("local_airflow", os.getpid(), psutil.Process().create_time())


@dataclass(frozen=True)
class StackState:
    """What was started; written down so that `down` and the next `run` find it.

    ``owner`` is the process that stops it at its end; None once `up` has left it to `down`.
    """

    port: int
    components: tuple[Component, ...]
    owner: Component | None = None

    @property
    def url(self) -> str:
        """Address of the UI and the API."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        """Whether at least one component lives."""
        return any(component.is_running for component in self.components)

    @property
    def is_left_behind(self) -> bool:
        """Whether its owner was killed before it could stop the components."""
        return self.owner is not None and not _is_alive(self.owner)

    def write(self, path: Path) -> None:
        """Write the state down."""
        write_private(path, json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> StackState | None:
        """The state of an earlier start, or None."""
        if not path.exists():
            return None
        data = json.loads(path.read_text())
        components = tuple(Component(**item) for item in data["components"])
        owner = data.get("owner")
        return cls(data["port"], components, Component(**owner) if owner else None)


def airflow(*arguments: str, program: tuple[str, ...] = ("-m", "airflow")) -> list[str]:
    """Command line of an Airflow command in this very environment."""
    return [sys.executable, *program, *arguments]


def start_component(name: str, environ: Mapping[str, str], logs: Path) -> Component:
    """Start one component in the background, its output in a file."""
    logs.mkdir(parents=True, exist_ok=True)
    program = {"program": PRELOADED} if name == "scheduler" else {}
    with (logs / f"{name}.log").open("w") as output:
        started = subprocess.Popen(
            airflow(*COMPONENTS[name], **program),
            env=dict(environ),
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _CHILDREN.append(started)
    return Component(name, started.pid, psutil.Process(started.pid).create_time())


def run_command(
    command: Sequence[str], environ: Mapping[str, str], *, good_codes: Iterable[int] = (0,)
) -> str:
    """Run a command to its end and return what it printed; StackError with its last lines."""
    done = subprocess.run(
        command,
        env=dict(environ),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_WITHIN_S,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode not in good_codes:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-8:]
        shown = " ".join(command[1:5])
        raise StackError(f"{shown} ...: exit {done.returncode}\n" + "\n".join(said))
    return done.stdout


def stop_components(components: Iterable[Component], grace_s: float = GRACE_S) -> None:
    """Stop components with everything below them; raises StackError if one survives."""
    components = tuple(components)
    family = members_of(components)
    for component in components:
        _signal_group(component, signal.SIGTERM)
    psutil.wait_procs(family, timeout=grace_s)
    for process in members_of(components):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _, left = psutil.wait_procs(members_of(components), timeout=3)
    _CHILDREN[:] = [child for child in _CHILDREN if child.poll() is None]
    if left:
        raise StackError(f"could not stop: {', '.join(str(p.pid) for p in left)}")


def members_of(components: Iterable[Component]) -> list[psutil.Process]:
    """Every living process of these components."""
    return [process for component in components for process in component.members()]


def _signal_group(component: Component, sig: signal.Signals) -> None:
    if component.is_running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(component.pid, sig)


def listening_addresses(components: Iterable[Component]) -> set[tuple[str, int]]:
    """Addresses that these components and their children listen on."""
    return {address for process in members_of(components) for address in _listens_on(process)}


def _listens_on(process: psutil.Process) -> set[tuple[str, int]]:
    try:
        connections = process.net_connections(kind="tcp")
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return set()
    listening = (conn for conn in connections if conn.status == psutil.CONN_LISTEN)
    return {(conn.laddr.ip, conn.laddr.port) for conn in listening}


def is_listening(port: int) -> bool:
    """Whether anything answers on a loopback port."""
    with socket.socket() as sock:
        sock.settimeout(1)
        return sock.connect_ex((LOOPBACK, port)) == 0


def wait_for(
    what: str, probe: Callable[[], T | None], *, within_s: float, pause_s: float = 0.5
) -> T:
    """Ask ``probe`` until it gives something true, and return it; StackError after the deadline."""
    end = time.monotonic() + within_s
    while not (answer := probe()):
        if time.monotonic() > end:
            raise StackError(f"{what}: not within {within_s:.0f} s")
        time.sleep(pause_s)
    return answer
