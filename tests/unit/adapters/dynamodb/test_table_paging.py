"""Pages, batches and leftovers, with a stubbed client: local servers hardly ever cut an answer."""

import pytest
from botocore.stub import Stubber

from booking_sms.adapters.dynamodb import make_client
from booking_sms.adapters.dynamodb.expressions import Expression
from booking_sms.adapters.dynamodb.table import Table
from booking_sms.domain.errors import StoreThrottled


@pytest.fixture(scope="module")
def client():
    made = make_client(region="ap-northeast-2", access_key_id="x", secret_access_key="x")
    yield made
    made.close()


@pytest.fixture
def stub(client):
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def table(client, pauses):
    return Table(client, "t", sleep=pauses.append)


def item(number: int) -> dict:
    return {"id": {"N": str(number)}}


def test_a_query_follows_every_page(stub, table):
    stub.add_response("query", {"Items": [item(1)], "LastEvaluatedKey": item(1)})
    stub.add_response("query", {"Items": [], "LastEvaluatedKey": item(2)})
    stub.add_response("query", {"Items": [item(3)]})
    terms = Expression()

    rows = table.query(terms.equals("id", 1), terms)

    assert rows == [{"id": 1}, {"id": 3}]


def test_a_scan_follows_every_page(stub, table):
    stub.add_response("scan", {"Items": [item(1)], "LastEvaluatedKey": item(1)})
    stub.add_response("scan", {"Items": [item(2)]})
    terms = Expression()

    rows = table.scan(("id",), f"attribute_exists({terms.name('id')})", terms)

    assert list(rows) == [{"id": 1}, {"id": 2}]


def test_a_batch_asks_again_for_what_was_left_out(stub, table, pauses):
    left = {"t": {"Keys": [item(2), item(3)], "ConsistentRead": True}}
    stub.add_response("batch_get_item", {"Responses": {"t": [item(1)]}, "UnprocessedKeys": left})
    stub.add_response(
        "batch_get_item",
        {"Responses": {"t": [item(2)]}, "UnprocessedKeys": {"t": {"Keys": [item(3)]}}},
        {"RequestItems": left},
    )
    stub.add_response("batch_get_item", {"Responses": {"t": [item(3)]}})

    rows = table.get_many([{"id": 1}, {"id": 2}, {"id": 3}])

    assert rows == [{"id": 1}, {"id": 2}, {"id": 3}]
    assert pauses == [0.05, 0.1]


def test_a_batch_that_never_ends_is_throttled(stub, table, pauses):
    for _ in range(8):
        answer = {"Responses": {}, "UnprocessedKeys": {"t": {"Keys": [item(1)]}}}
        stub.add_response("batch_get_item", answer)

    with pytest.raises(StoreThrottled):
        table.get_many([{"id": 1}])

    assert sum(pauses) < 15


def test_more_keys_than_a_batch_takes_are_cut(stub, table):
    for size in (100, 100, 1):
        stub.add_response("batch_get_item", {"Responses": {"t": [item(size)]}})

    assert table.get_many([{"id": n} for n in range(201)]) == [{"id": 100}, {"id": 100}, {"id": 1}]


def test_no_keys_no_request(stub, table):
    assert table.get_many([]) == []


def test_the_client_waits_shortly_and_tries_few_times(client):
    config = client.meta.config

    assert (config.connect_timeout, config.read_timeout) == (2.0, 5.0)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}
    assert config.max_pool_connections == 32
