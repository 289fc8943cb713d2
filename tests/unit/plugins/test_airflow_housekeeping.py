"""Airflow's own rows and logs by age: the old go, the young and the foreign stay."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from booking_sms_airflow.housekeeping import (
    TABLES,
    CleaningFailed,
    clean_database,
    delete_old_logs,
    log_figures,
)

NOW = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)


def write(path: Path, days_ago: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x" * 1000)
    at = (NOW - timedelta(days=days_ago)).timestamp()
    os.utime(path, (at, at))
    return path


def age(folder: Path, days_ago: float) -> None:
    at = (NOW - timedelta(days=days_ago)).timestamp()
    os.utime(folder, (at, at))


def test_old_logs_go_with_their_folders(tmp_path: Path) -> None:
    old = write(tmp_path / "dag_id=a" / "run_id=1" / "attempt=1.log", 31)
    young = write(tmp_path / "dag_id=a" / "run_id=2" / "attempt=1.log", 29)
    age(old.parent, 31)

    assert delete_old_logs(tmp_path, NOW - timedelta(days=30)) == 1

    assert not old.parent.exists()
    assert young.exists()
    assert delete_old_logs(tmp_path, NOW - timedelta(days=30)) == 0


def test_nothing_outside_the_folder_is_touched(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside" / "precious.txt", 400)
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "link.log").symlink_to(outside)
    (logs / "folder").symlink_to(outside.parent)

    delete_old_logs(logs, NOW)

    assert outside.exists()


def test_the_figures_of_logs(tmp_path: Path) -> None:
    assert log_figures(tmp_path, NOW) == {"files": 0, "megabytes": 0.0, "oldest_days": 0.0}
    write(tmp_path / "a.log", 3)
    write(tmp_path / "b.log", 12)

    assert log_figures(tmp_path, NOW) == {"files": 2, "megabytes": 0.002, "oldest_days": 12.0}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    home = tmp_path_factory.mktemp("airflow")
    url = f"sqlite:///{home / 'airflow.db'}"
    environ = {**os.environ, "AIRFLOW_HOME": str(home)}
    environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = url
    migrate = [sys.executable, "-m", "airflow", "db", "migrate"]
    subprocess.run(migrate, env=environ, check=True, capture_output=True)
    return url


@pytest.mark.slow
@pytest.mark.airflow
class TestOnARealDatabase:
    def environ(self, url: str) -> dict[str, str]:
        """As a task has it: Airflow has put another address in the place of the database's."""
        home = str(Path(url.removeprefix("sqlite:///")).parent)
        blocked = "airflow-db-not-allowed:///"
        names = ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__CORE__SQL_ALCHEMY_CONN")
        return {**os.environ, "AIRFLOW_HOME": home, **dict.fromkeys(names, blocked)}

    def test_old_rows_go_and_young_ones_stay(self, url: str) -> None:
        with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
            for event, days in (("old", 31), ("young", 1)):
                at = (NOW - timedelta(days=days)).replace(tzinfo=None).isoformat(" ")
                database.execute("insert into log (dttm, event) values (?, ?)", (at, event))

        deleted = clean_database(url, NOW - timedelta(days=30), self.environ(url))

        with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
            rows = database.execute("select event from log where event in ('old', 'young')")
            assert [event for (event,) in rows] == ["young"]
            tables = database.execute("select name from sqlite_master where name like '%archive%'")
            assert list(tables) == []
        assert deleted >= 1

    def test_a_database_that_is_not_there_is_a_failure_without_its_address(self, url: str) -> None:
        secret = "postgresql://somebody:password-of-nobody@127.0.0.1:1/x"

        with pytest.raises(CleaningFailed) as failure:
            clean_database(secret, NOW, self.environ(url))

        assert "password-of-nobody" not in str(failure.value)


@pytest.mark.airflow
@pytest.mark.filterwarnings("default")
def test_every_table_that_is_named_is_one_that_airflow_cleans() -> None:
    from airflow.utils.db_cleanup import config_dict

    assert set(TABLES) <= set(config_dict)
