from __future__ import annotations

import pytest
from sandbox_server import run_sandbox


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory):
    with run_sandbox(tmp_path_factory.mktemp("sandbox") / "world") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox):
    running_sandbox.forget()
    return running_sandbox
