"""Where a world keeps its things."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MARKER = "recipe.json"
LOCK = ".lock"


class NotAWorldError(ValueError):
    """A folder that is no world of ours, so it will not be wiped."""


class WorldFolder:
    """Paths inside one world's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.recipe = self.path / MARKER
        self.keys = self.path / "keys.json"
        self.state = self.path / "state.json"
        self.ports = self.path / "ports.json"
        self.starting = self.path / "starting.json"
        self.world = self.path / "world.json"
        self.env = self.path / "world.env"
        self.logs = self.path / "logs"
        self.dynamodb = self.path / "dynamodb"

    def create(self) -> None:
        """Make the folder; what lies in it is nobody else's business."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.logs.mkdir(exist_ok=True)

    def wipe(self) -> None:
        """Delete everything in here, but only if a world lived here."""
        found = [entry for entry in self.path.iterdir() if entry.name != LOCK]
        if found and not self.recipe.exists():
            raise NotAWorldError(f"{self.path} holds no world; it will not be wiped")
        # the recipe goes last: what is half wiped can be wiped again
        for entry in sorted(found, key=lambda entry: entry == self.recipe):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

    def forget_run(self) -> None:
        """Remove what is true only while the world runs."""
        for file in (self.ports, self.starting, self.world, self.env):
            file.unlink(missing_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one start or stop at a time."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.path / LOCK).open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
