"""Tables are created once, and never touched when they exist."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from booking_sms.adapters.dynamodb import ensure_tables, missing_tables
from booking_sms.adapters.dynamodb.table_schema import SCHEMAS
from booking_sms.domain.errors import StoreUnavailable, TableMissing
from booking_sms.testing import make_job

from .dynalite import client_of, free_port
from .stores import dynamodb_stores

pytestmark = pytest.mark.integration


@pytest.fixture
def prefix(dynalite_client, request):
    name = f"{request.node.originalname[5:25]}_"
    yield name
    for schema in SCHEMAS:
        if name + schema.name not in missing_tables(dynalite_client, name):
            delete_table(dynalite_client, name + schema.name)


def delete_table(client, name):
    client.delete_table(TableName=name)
    waiter = client.get_waiter("table_not_exists")
    waiter.wait(TableName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})


def test_tables_are_created_once(dynalite_client, prefix):
    expected = [prefix + schema.name for schema in SCHEMAS]
    assert missing_tables(dynalite_client, prefix) == expected

    assert ensure_tables(dynalite_client, prefix) == expected
    assert ensure_tables(dynalite_client, prefix) == []
    assert missing_tables(dynalite_client, prefix) == []


def test_only_what_is_missing_is_created(dynalite_client, prefix):
    ensure_tables(dynalite_client, prefix)
    delete_table(dynalite_client, f"{prefix}sms_plans")

    assert ensure_tables(dynalite_client, prefix) == [f"{prefix}sms_plans"]


def test_two_may_create_at_once(dynalite_client, prefix):
    with ThreadPoolExecutor(4) as threads:
        created = list(threads.map(lambda _: ensure_tables(dynalite_client, prefix), range(4)))

    assert sorted(name for names in created for name in names) == sorted(
        prefix + schema.name for schema in SCHEMAS
    )


def test_tables_are_on_demand_and_jobs_have_the_sparse_index(dynalite_client, prefix):
    ensure_tables(dynalite_client, prefix)

    table = dynalite_client.describe_table(TableName=f"{prefix}sms_jobs")["Table"]

    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    [index] = table["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "open"
    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["open_shard", "due_at"]


def test_a_missing_table_is_named_with_its_remedy(dynalite_client):
    stores = dynamodb_stores(dynalite_client, "nowhere_")

    with pytest.raises(TableMissing, match="nowhere_sms_jobs") as raised:
        stores.jobs.insert_if_absent(make_job())

    assert raised.value.context["remedy"] == "booking-sms doctor --fix"


def test_a_server_that_is_not_there_is_unavailable():
    client = client_of(f"http://127.0.0.1:{free_port()}", attempts=1)

    with pytest.raises(StoreUnavailable, match="sms_jobs"):
        dynamodb_stores(client, "").jobs.get("900101_7000000001", "guide#once#0")
    with pytest.raises(StoreUnavailable):
        missing_tables(client)
    client.close()
