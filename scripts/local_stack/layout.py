"""Where things lie: the project, the world's folder, Airflow's home."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


class StackError(RuntimeError):
    """Something local did not start, answer or end as it should; the message says what to do."""


@dataclass(frozen=True)
class Layout:
    """Folders of one local stack."""

    world: Path = PROJECT / ".world"
    airflow_home: Path = PROJECT / ".airflow"

    @classmethod
    def at(cls, world: str | None, airflow_home: str | None) -> Layout:
        """Folders given on the command line, else those beside the project."""
        default = cls()
        return cls(
            world=Path(world).resolve() if world else default.world,
            airflow_home=Path(airflow_home).resolve() if airflow_home else default.airflow_home,
        )

    @property
    def component_logs(self) -> Path:
        """Folder of what Airflow's processes print."""
        return self.airflow_home / "components"

    @property
    def finished_windows(self) -> Path:
        """Which windows of the seeded day this world has seen; gone with the world."""
        return self.world / "finished_windows.json"

    @property
    def state_file(self) -> Path:
        """What runs: processes and address, for `down` and for a second `up`."""
        return self.airflow_home / "local_stack.json"

    @property
    def database(self) -> Path:
        """Airflow's metadata database."""
        return self.airflow_home / "airflow.db"
