"""The supervisor: leader of the world's process group, parent of its programs."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

from sandbox.atomic_file import write_atomically
from sandbox.clock import transport_now
from sandbox.loopback import LOOPBACK
from sandbox.supervisor.environment import dotenv, environment
from sandbox.supervisor.folder import WorldFolder
from sandbox.supervisor.processes import ProcessIdentity
from sandbox.supervisor.programs import Program, StartFailedError, port_of, programs
from sandbox.supervisor.recipe_file import keep_keys, load_recipe
from sandbox.supervisor.store_secrets import put_store_secrets

READY_SECONDS = 45
STOP_SECONDS = 8


class Supervisor:
    """Starts the programs, announces the world, and takes them all down together."""

    def __init__(self, folder: WorldFolder, env_file: Path | None, host: str = LOOPBACK) -> None:
        self._folder = folder
        self._env_files = [folder.env, *([env_file] if env_file else [])]
        self._host = host
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._stop = threading.Event()

    def run(self, serve_options: list[str]) -> int:
        """Live until SIGTERM, or until a program dies."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        try:
            world = programs(self._folder, serve_options, self._host)
            self._start(world)
            self._announce(world)
            return self._watch()
        finally:
            self._take_down()

    def _start(self, world: list[Program]) -> None:
        for program in world:
            self._children[program.name] = self._spawn(program)
        until = time.monotonic() + READY_SECONDS
        for program in world:
            self._await_ready(program, until)

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        log = (self._folder.logs / f"{program.name}.log").open("ab")
        with log:
            return subprocess.Popen(  # noqa: S603 - our own command lines
                program.command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )

    def _await_ready(self, program: Program, until: float) -> None:
        child = self._children[program.name]
        while not program.is_ready():
            if child.poll() is not None:
                raise StartFailedError(f"{program.name} ended at once, see logs/{program.name}.log")
            if self._stop.is_set() or time.monotonic() > until:
                raise StartFailedError(f"{program.name} did not get ready")
            time.sleep(0.05)

    def _announce(self, world: list[Program]) -> None:
        ports = json.loads(self._folder.ports.read_text())
        by_name = {program.name: program for program in world}
        ports |= {"dynamodb": port_of(by_name["dynalite"]), "moto": port_of(by_name["moto"])}
        urls = {name: f"http://{self._host}:{port}" for name, port in ports.items()}
        recipe = load_recipe(self._folder)
        if recipe is not None:
            put_store_secrets(recipe, urls["moto"])
        config = httpx.get(f"{urls['control']}/control/config", trust_env=False).json()
        text = dotenv(environment(urls, config, keep_keys(self._folder)))
        for file in self._env_files:
            write_atomically(file, text)
        write_atomically(self._folder.world, json.dumps(self._facts(ports, urls), indent=2) + "\n")

    def _facts(self, ports: dict[str, int], urls: dict[str, str]) -> dict[str, object]:
        me = ProcessIdentity.of(os.getpid())
        family = {"supervisor": me} | {
            name: ProcessIdentity.of(child.pid) for name, child in self._children.items()
        }
        return {
            "running": True,
            "dir": str(self._folder.path),
            "pid": me.pid,
            "pgid": me.pid,
            "started_at": transport_now().isoformat(timespec="seconds"),
            "processes": {
                name: {"pid": one.pid, "created": one.created} for name, one in family.items()
            },
            "ports": ports,
            "urls": urls,
            "env_files": [str(file) for file in self._env_files],
        }

    def _watch(self) -> int:
        while not self._stop.wait(0.2):
            dead = [name for name, child in self._children.items() if child.poll() is not None]
            if dead:
                _say(f"{', '.join(dead)} died; taking the rest down")
                return 1
        return 0

    def _take_down(self) -> None:
        for child in self._children.values():
            if child.poll() is None:
                child.terminate()
        until = time.monotonic() + STOP_SECONDS
        for child in self._children.values():
            try:
                child.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _say(text: str) -> None:
    sys.stderr.write(f"{transport_now():%Y-%m-%d %H:%M:%S} {text}\n")
