"""The runbook's Airflow commands, typed to Airflow's own command line over a real database.

No component runs here, so what they print is empty and what they change is the database: a
command that Airflow does not have, or refuses, fails.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from runbook_text import PLACEHOLDER, Command, read_entries

from booking_sms.domain.window import Window

pytestmark = [
    pytest.mark.airflow,
    # What Airflow's commands warn of (graphviz, pathspec) is Airflow's affair.
    pytest.mark.filterwarnings("ignore"),
]
DAG, RUN = "booking_sms_etl", "manual__runbook"
VALUES = {"DAG": DAG, "RUN": RUN, "WINDOW": "2026-03-02T14:00:00+09:00"}
COMMANDS = {command.line: command for entry in read_entries() for command in entry.commands}
AIRFLOW = sorted(line for line in COMMANDS if line.startswith("airflow "))
REQUESTS = sorted(line for line in COMMANDS if line.startswith("curl "))


@pytest.fixture(scope="module")
def known_dags(airflow_database: None) -> None:
    """Our DAGs in the database, as a running DAG processor writes them, and one run."""
    typed("airflow dags reserialize")
    typed(f"airflow dags trigger {DAG} --run-id {RUN}")


def typed(line: str) -> None:
    """Parse and run one command as the ``airflow`` program does."""
    from airflow.cli.cli_parser import get_parser

    filled = Command(line, 0).filled(VALUES)
    arguments = get_parser().parse_args(filled[1:])
    arguments.func(arguments)


@pytest.mark.parametrize("line", AIRFLOW)
def test_airflow_takes_the_command(known_dags: None, line: str) -> None:
    typed(line)


@pytest.mark.parametrize("line", [line for line in AIRFLOW if " dags trigger " in line])
def test_a_run_that_needs_a_window_is_given_one(dagbag: Any, line: str) -> None:
    """Without it the run is taken, and red."""
    from airflow.cli.cli_parser import get_parser

    given = get_parser().parse_args(Command(line, 0).filled(VALUES)[1:])
    needed = "window_end" in dagbag.dags[given.dag_id].params
    windows = [json.loads(given.conf)["window_end"]] if given.conf else []

    assert len(windows) == needed
    assert [Window.from_name(name).name for name in windows] == windows


def test_there_are_commands_of_airflow() -> None:
    assert len(AIRFLOW) >= 10
    assert len(REQUESTS) >= 1


@pytest.mark.parametrize("line", REQUESTS)
def test_address_is_one_of_airflows_api(line: str) -> None:
    import airflow.api_fastapi.core_api as core_api

    (document,) = (Path(core_api.__file__).parent / "openapi").glob("v2-rest-api-generated.yaml")
    paths = yaml.safe_load(document.read_text())["paths"]
    asked = PLACEHOLDER.sub("", line.split()[-1])

    assert asked in paths
    assert "get" in paths[asked]
