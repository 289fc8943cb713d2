from __future__ import annotations

import pytest

from booking_sms.adapters.dynamodb import ensure_tables

from .dynalite import client_of, run_dynalite
from .stores import Stores, dynamodb_stores, memory_stores, wipe

PREFIX = "contract_"


@pytest.fixture(scope="session")
def dynalite_url(tmp_path_factory):
    with run_dynalite(tmp_path_factory.mktemp("dynalite") / "data") as url:
        yield url


@pytest.fixture(scope="session")
def dynalite_client(dynalite_url):
    client = client_of(dynalite_url)
    ensure_tables(client, PREFIX)
    yield client
    client.close()


@pytest.fixture
def client(dynalite_client):
    """The server with empty tables, for tests of the adapter alone."""
    wipe(dynalite_client, PREFIX)
    return dynalite_client


@pytest.fixture(params=["memory", pytest.param("dynalite", marks=pytest.mark.integration)])
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "memory":
        return memory_stores()
    return dynamodb_stores(request.getfixturevalue("client"), PREFIX)


@pytest.fixture
def dynamodb(client) -> Stores:
    """The real adapter alone."""
    return dynamodb_stores(client, PREFIX)


@pytest.fixture
def jobs(stores: Stores):
    return stores.jobs
