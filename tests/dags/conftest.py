"""All DAG files, parsed once by Airflow's own DagBag.

Airflow's home is a temporary folder: ``tests/conftest.py`` sets it before anything can import
Airflow, and makes the metadata database once for all tests that are marked ``airflow``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

DAGS = Path(__file__).resolve().parents[2] / "dags"


@pytest.fixture(scope="session")
def dagbag(airflow_database: None) -> DagBag:
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(dag_folder=DAGS)


@pytest.fixture(scope="session")
def dag_files() -> list[Path]:
    return sorted(path for path in DAGS.glob("*.py") if not path.name.startswith("_"))
