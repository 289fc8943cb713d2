"""Keeps the state of a world on disk, so that it survives its own process."""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from sandbox.atomic_file import write_atomically
from sandbox.clock import parse_instant
from sandbox.context import SandboxContext
from sandbox.world.recipe import Recipe

VERSION = 1
SHORTEST_PAUSE = 0.15
LONGEST_PAUSE = 5.0
PAUSE_PER_WRITE = 10  # a big state is written less often: at most a tenth of the time goes there


class StateFile:
    """Writes the context's state some 0.15 s after a change, and on demand."""

    def __init__(self, path: Path, context: SandboxContext) -> None:
        self._path = path
        self._context = context
        self._written = -1

    def restore(self) -> bool:
        """Take over the stored state, if there is one."""
        if not self._path.exists():
            return False
        stored = read_state(self._path)
        self._context.clock.restore(stored["clock"])
        self._context.faults.restore(stored["faults"])
        self._context.config.update_naver(stored["config"]["naver"])
        for name, dump in stored["services"].items():
            self._context.services[name].restore(dump)
        return True

    def save(self) -> float:
        """Write the state now; return the seconds it took."""
        started = time.monotonic()
        self._written = self._context.changes
        text = json.dumps(self._snapshot(), ensure_ascii=False)
        write_atomically(self._path, text)
        return time.monotonic() - started

    async def keep(self) -> None:
        """Save after every change until cancelled."""
        pause = SHORTEST_PAUSE
        while True:
            await asyncio.sleep(pause)
            if self._context.changes != self._written:
                pause = min(
                    max(self._try_to_save() * PAUSE_PER_WRITE, SHORTEST_PAUSE), LONGEST_PAUSE
                )

    def _try_to_save(self) -> float:
        """A full disk or a vanished folder is told, and tried again at the next change."""
        try:
            return self.save()
        except OSError as error:
            sys.stderr.write(f"sandbox: the state could not be written: {error}\n")
            return LONGEST_PAUSE

    def _snapshot(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "clock": self._context.clock.dump(),
            "faults": self._context.faults.dump(),
            "config": self._context.config.model_dump(mode="json"),
            "services": {name: state.dump() for name, state in self._context.services.items()},
        }


def read_state(path: Path) -> dict[str, Any]:
    """The stored state; another version is refused rather than guessed at."""
    stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if stored.get("version") != VERSION:
        raise ValueError(f"{path} is of version {stored.get('version')}, this is {VERSION}")
    return stored


def stored_recipe(path: Path) -> Recipe | None:
    """The recipe of the stored world, so that it need not be made twice."""
    if not path.exists():
        return None
    recipe = read_state(path)["services"]["world"]["recipe"]
    return Recipe(**recipe | {"at": parse_instant(recipe["at"])})
