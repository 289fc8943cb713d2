"""Up, down and status of a world."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.atomic_file import write_atomically
from sandbox.clock import ClockMode
from sandbox.loopback import LOOPBACK
from sandbox.supervisor.folder import WorldFolder
from sandbox.supervisor.processes import ProcessIdentity, group_members, wait_gone
from sandbox.supervisor.programs import PROJECT, StartFailedError, find_dynalite, find_node
from sandbox.supervisor.recipe_file import Wishes, keep_recipe, load_recipe

START_SECONDS = 60
STOP_SECONDS = 12
# The developer's own cloud and proxies must not leak into a world.
_FOREIGN = ("AWS_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy")


@dataclass(frozen=True)
class UpOptions:
    """What ``up`` was asked for."""

    wishes: Wishes = field(default_factory=Wishes)
    clock: ClockMode | None = None
    env_file: Path | None = None
    ports: dict[str, int] = field(default_factory=dict)
    host: str = LOOPBACK
    fresh: bool = False


def up(folder: WorldFolder, options: UpOptions) -> str:
    """Start or resume the world; a running one is left as it is. Returns what to tell."""
    find_node()
    find_dynalite()
    with folder.locked():
        if options.fresh:
            _stop(folder)
            folder.wipe()
        elif is_running(folder):
            options.wishes.check(load_recipe(folder) or options.wishes.recipe())
            return f"already running: {folder.path}"
        _stop(folder)
        folder.create()
        resumed = folder.state.exists()
        keep_recipe(folder, options.wishes)
        _start(folder, options)
    return f"{'resumed' if resumed else 'started'}: {folder.path}"


def down(folder: WorldFolder) -> str:
    """Stop every process of the world; its state stays. Returns what to tell."""
    if not folder.path.exists():
        return f"no world: {folder.path}"
    with folder.locked():
        stopped = _stop(folder)
    return f"{'stopped' if stopped else 'was not running'}: {folder.path}"


def status(folder: WorldFolder) -> dict[str, Any]:
    """What runs, and where; ``running`` only if every process does."""
    facts = _facts(folder)
    if facts is None:
        return {"running": False, "dir": str(folder.path)}
    alive = {name: one.is_alive() for name, one in _identities(facts).items()}
    complete = folder.world.exists() and all(alive.values())
    return facts | {"running": complete, "alive": alive}


def is_running(folder: WorldFolder) -> bool:
    """Whether all processes of the world are alive."""
    return bool(status(folder)["running"])


def _start(folder: WorldFolder, options: UpOptions) -> None:
    with (folder.logs / "supervisor.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            _supervise_command(folder, options),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=PROJECT,
            env=_clean_environ(),
        )
    _note_start(folder, process.pid)
    try:
        _await_world(folder, process)
    finally:
        if not folder.world.exists():
            _abandon(process)
            folder.forget_run()
    folder.starting.unlink()


def _note_start(folder: WorldFolder, pid: int) -> None:
    """Whoever is interrupted from here on leaves a trace by which ``down`` can clean up."""
    me = ProcessIdentity.of(pid)
    family = {"supervisor": {"pid": me.pid, "created": me.created}}
    facts = {"dir": str(folder.path), "pgid": pid, "processes": family, "env_files": []}
    write_atomically(folder.starting, json.dumps(facts) + "\n")


def _await_world(folder: WorldFolder, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while not folder.world.exists():
        if process.poll() is not None or time.monotonic() > until:
            raise StartFailedError(f"the world did not start:\n{_last_lines(folder)}")
        time.sleep(0.05)


def _supervise_command(folder: WorldFolder, options: UpOptions) -> list[str]:
    command = [sys.executable, "-m", "sandbox", "supervise", "--dir", str(folder.path)]
    command += ["--host", options.host]
    command += ["--clock", options.clock.value] if options.clock else []
    command += ["--env-file", str(options.env_file.absolute())] if options.env_file else []
    for service, port in options.ports.items():
        command += ["--port", f"{service}={port}"]
    return command


def _clean_environ() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    include = str(PROJECT / "include")
    inherited = [path for path in kept.get("PYTHONPATH", "").split(os.pathsep) if path]
    return kept | {
        "PYTHONPATH": os.pathsep.join(dict.fromkeys([include, *inherited])),
        "NO_PROXY": "127.0.0.1,localhost",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _abandon(process: subprocess.Popen[bytes]) -> None:
    """A supervisor that failed: it takes its children down on SIGTERM."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _stop(folder: WorldFolder) -> bool:
    facts = _facts(folder)
    if facts is None:
        folder.forget_run()
        return False
    family = _identities(facts)
    alive = {name: one for name, one in family.items() if one.is_alive()}
    # The supervisor goes first: it lets the sandbox save its state and reaps its children.
    for one in [alive["supervisor"]] if "supervisor" in alive else alive.values():
        one.signal(signal.SIGTERM)
    left = set(wait_gone(alive.values(), STOP_SECONDS))
    if alive:
        left |= set(group_members(facts["pgid"]))
    for one in left:
        one.signal(signal.SIGKILL)
    wait_gone(left, STOP_SECONDS)
    for file in facts["env_files"]:
        Path(file).unlink(missing_ok=True)
    folder.forget_run()
    return bool(alive)


def _facts(folder: WorldFolder) -> dict[str, Any] | None:
    """Of the running world, or of one whose start was interrupted."""
    for file in (folder.world, folder.starting):
        if file.exists():
            facts: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            return facts
    return None


def _identities(facts: dict[str, Any]) -> dict[str, ProcessIdentity]:
    return {name: ProcessIdentity(**one) for name, one in facts["processes"].items()}


def _last_lines(folder: WorldFolder, count: int = 12) -> str:
    lines: list[str] = []
    for log in sorted(folder.logs.glob("*.log")):
        text = log.read_text(encoding="utf-8", errors="replace").splitlines()
        lines += [f"[{log.stem}] {line}" for line in text[-count:]]
    return "\n".join(lines)
