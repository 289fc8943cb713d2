"""A clean machine for every test: no settings of the developer's, no network, no ~/airflow.

The environment is set at import, before any test module can import Airflow, which reads it once.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

PROJECT = Path(__file__).resolve().parent.parent
STACK_TESTS = "tests/e2e/"
LOOPBACK_MARKERS = ("integration", "browser", "airflow", "e2e", "long")
LOOPBACK = ["127.0.0.0/8", "::1"]
# Connections, variables and credentials of the developer's shell must not reach a test.
FOREIGN_PREFIXES = ("AIRFLOW_", "AIRFLOW__", "AWS_", "BOOKING_SMS_", "OTEL_", "GX_", "SE_")
# What makes rich and typer write colours or another width into output that tests read.
TERMINAL_NAMES = ("FORCE_COLOR", "PY_COLORS", "CLICOLOR_FORCE", "GITHUB_ACTIONS", "COLUMNS")
PROXY_NAMES = ("http_proxy", "https_proxy", "all_proxy")


def _clean_environment(airflow_home: Path) -> None:
    for name in list(os.environ):
        foreign = name.startswith(FOREIGN_PREFIXES) or name in TERMINAL_NAMES
        if foreign or name.lower() in PROXY_NAMES:
            del os.environ[name]
    os.environ |= {
        "AIRFLOW_HOME": str(airflow_home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{airflow_home}/airflow.db",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "GX_ANALYTICS_ENABLED": "false",
        "SE_OFFLINE": "true",
        "SE_AVOID_STATS": "true",
    }


# The same examples every time, and no example has to be quick: a build that is red must stay red,
# and a loaded machine is no failure.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")

# Logs belong on stderr: what a command answers on stdout is read by tests.
structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))

_airflow_home = Path(tempfile.mkdtemp(prefix="booking-sms-tests-"))
_clean_environment(_airflow_home)


class OneStackAtATime(LoadFileScheduling):
    """A file is always on one worker: its servers are started once.

    All files that start Airflow are on one together: two schedulers would leave each other, and
    the people they wait for, no time.
    """

    def _split_scope(self, nodeid: str) -> str:
        return STACK_TESTS if nodeid.startswith(STACK_TESTS) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneStackAtATime:
    """How tests are shared out among workers."""
    return OneStackAtATime(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sockets are off (pyproject.toml); tests of local servers get the loopback, nothing more.

    Nor do those count for coverage: what only a whole world reaches is not tested closely enough,
    and tracing would double their time.
    """
    for item in items:
        if any(item.get_closest_marker(name) for name in LOOPBACK_MARKERS):
            item.add_marker(pytest.mark.allow_hosts(LOOPBACK))
            item.add_marker(pytest.mark.no_cover)


def pytest_unconfigure() -> None:
    """Airflow's temporary home goes with the session."""
    shutil.rmtree(_airflow_home, ignore_errors=True)


@pytest.fixture(scope="session")
def airflow_database() -> None:
    """Airflow's metadata database, created once a session (about 6 seconds)."""
    from airflow.utils.db import initdb

    initdb()


@pytest.fixture(autouse=True)
def _airflow_database_for_marked_tests(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("airflow"):
        request.getfixturevalue("airflow_database")
