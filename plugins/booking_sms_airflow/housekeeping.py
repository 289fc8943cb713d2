"""What Airflow itself keeps: rows of its database and logs of its tasks, both by age.

A task has no access to Airflow's database, and rightly so. Cleaning needs a connection of its own,
``airflow_metadata``, and runs Airflow's command in a process of its own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

METADATA = "airflow_metadata"
"""Connection whose password is the database's SQLAlchemy URL."""

TABLES = (
    "asset_event",
    "callback",
    "dag_run",
    "deadline",
    "import_error",
    "job",
    "log",
    "task_instance",
    "task_instance_history",
    "task_reschedule",
    "task_state_store",
    "trigger",
    "xcom",
)
TIMEOUT_S = 900
_FOUND = re.compile(r"Found (\d+) rows meeting deletion criteria")


class CleaningFailed(RuntimeError):
    """Airflow's own cleaning did not end well; safe to repeat."""


def clean_database(url: str, before: datetime, environ: Mapping[str, str] = os.environ) -> int:
    """Delete rows from before an instant; how many. Raises CleaningFailed.

    What is deleted is not archived: an archive would keep what was to go.
    """
    command = [
        *(sys.executable, "-m", "airflow", "db", "clean", "--yes", "--skip-archive"),
        *("--clean-before-timestamp", before.isoformat(), "--error-on-cleanup-failure"),
        *("--batch-size", "500", "--tables", ",".join(TABLES)),
    ]
    own = {**environ, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url}
    own.pop("AIRFLOW__CORE__SQL_ALCHEMY_CONN", None)
    done = subprocess.run(  # noqa: S603 - our own interpreter, no shell
        command,
        env=own,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        # The output may quote the URL, which is a secret: the code is all that is told.
        raise CleaningFailed(f"airflow db clean ended with {done.returncode}")
    return sum(map(int, _FOUND.findall(done.stdout)))


def delete_old_logs(folder: Path, before: datetime) -> int:
    """Delete log files last written before an instant, then old folders left empty; how many
    files.

    Links are left alone, and so is everything outside the folder.
    """
    # Before anything is deleted: a folder's own time is then that of the deletion.
    old = [path for path in sorted(folder.rglob("*"), reverse=True) if _is_older(path, before)]
    files = [path for path in old if path.is_file()]
    for path in files:
        path.unlink(missing_ok=True)
    for path in old:
        with suppress(OSError):  # not empty, or somebody was faster
            path.rmdir()
    return len(files)


def _is_older(path: Path, before: datetime) -> bool:
    try:
        return not path.is_symlink() and path.stat().st_mtime < before.timestamp()
    except FileNotFoundError:  # Airflow moves and deletes on its own
        return False


def log_figures(folder: Path, now: datetime) -> dict[str, float]:
    """Size of the logs in megabytes, and the age of the oldest in days."""
    found = [stat for path in folder.rglob("*") if (stat := _stat_of_file(path))]
    oldest = min((one.st_mtime for one in found), default=now.timestamp())
    return {
        "files": len(found),
        "megabytes": sum(one.st_size for one in found) / 1_000_000,
        "oldest_days": max(0.0, (now.timestamp() - oldest) / timedelta(days=1).total_seconds()),
    }


def _stat_of_file(path: Path) -> os.stat_result | None:
    with suppress(FileNotFoundError):
        return path.stat() if path.is_file() else None
    return None
