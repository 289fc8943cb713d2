"""The runbook's Airflow commands, typed to Airflow's own command line over a real database.

No component runs here, so what they print is empty and what they change is the database: a
command that Airflow does not have, or refuses, fails.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from runbook_text import PLACEHOLDER, Command, read_entries

pytestmark = [
    pytest.mark.airflow,
    # What Airflow's commands warn of (graphviz, pathspec) is Airflow's affair.
    pytest.mark.filterwarnings("ignore"),
]
DAG, RUN = "booking_sms_etl", "manual__runbook"
VALUES = {"DAG": DAG, "RUN": RUN}
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
