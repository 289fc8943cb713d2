from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from booking_sms.adapters.stage.bucket import S3PayloadStage
from booking_sms.domain.errors import PayloadConflict, StoreUnavailable

pytestmark = pytest.mark.slow

KEY = "bookings/900101/20260302T1400/1"
DOCUMENT = {"bookings": [{"name": "김시험"}]}
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


@pytest.fixture
def client() -> Iterator[object]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1", **KEYS)
        client.create_bucket(Bucket="stage")
        yield client


@pytest.fixture
def stage(client) -> S3PayloadStage:
    return S3PayloadStage("s3://stage/some/prefix/", client)


def test_what_was_written_is_read(stage, client):
    assert stage.write(KEY, DOCUMENT) == KEY
    assert stage.read(KEY) == DOCUMENT

    head = client.head_object(Bucket="stage", Key=f"some/prefix/{KEY}.json.gz")
    assert head["ServerSideEncryption"] == "AES256"


def test_nothing_is_ever_overwritten(stage):
    stage.write(KEY, DOCUMENT)

    with pytest.raises(PayloadConflict):
        stage.write(KEY, {})

    assert stage.read(KEY) == DOCUMENT


def test_an_unknown_key_is_a_key_error(stage):
    with pytest.raises(KeyError):
        stage.read(KEY)


def test_keys_are_listed_by_prefix_over_all_pages(stage, client):
    client.meta.events.register(
        "provide-client-params.s3.ListObjectsV2", lambda params, **_: {**params, "MaxKeys": 2}
    )
    for key in ("b/3", "b/1", "b/2", "bb/1"):
        stage.write(key, 1)

    assert stage.list("b/") == ("b/1", "b/2", "b/3")
    assert stage.list("") == ("b/1", "b/2", "b/3", "bb/1")


def test_a_bucket_without_prefix(client):
    stage = S3PayloadStage("s3://stage", client)

    assert stage.list(stage.write(KEY, 1)) == (KEY,)


def test_old_objects_go(stage):
    stage.write(KEY, 1)

    assert stage.delete_older_than(days=7, now=datetime.now(UTC)) == 0
    assert stage.delete_older_than(days=7, now=datetime.now(UTC) + timedelta(days=8)) == 1
    assert stage.list("") == ()


def test_a_bucket_that_is_not_there_is_unavailable(client):
    stage = S3PayloadStage("s3://nowhere", client)

    for act in (
        lambda: stage.write(KEY, 1),
        lambda: stage.read(KEY),
        lambda: stage.list(""),
    ):
        with pytest.raises(StoreUnavailable):
            act()


def test_a_storage_that_cannot_be_reached_is_unavailable(client):
    def fail(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")

    client.meta.events.register("before-send.s3.GetObject", fail)

    with pytest.raises(StoreUnavailable, match="EndpointConnectionError"):
        S3PayloadStage("s3://stage", client).read(KEY)
