"""Our session is sealed and written only when it changed; LEGACY's is never written."""

import json
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from booking_sms.adapters.dynamodb import (
    BorrowedSessionStore,
    DynamoDbSessionStore,
    Sealer,
    TableNames,
)
from booking_sms.ports import SessionRecord
from booking_sms.testing import NOW

from .conftest import PREFIX

COOKIES = ({"name": "NID_AUT", "value": "invented-cookie", "domain": ".naver.com"},)
VALID = SessionRecord(
    cookies=COOKIES,
    state="VALID",
    failed_attempts=1,
    last_attempt_at=NOW - timedelta(minutes=1),
    renewed_at=NOW,
    reason="probe",
)


def test_nothing_is_stored_at_first(stores):
    assert stores.sessions.load() is None


@pytest.mark.parametrize("record", [VALID, SessionRecord()], ids=["full", "empty"])
def test_a_session_comes_back(stores, record):
    assert stores.sessions.save(record) is True
    assert stores.sessions.load() == record


def test_the_same_session_is_not_written_again(stores):
    stores.sessions.save(VALID)

    assert stores.sessions.save(VALID) is False
    assert stores.sessions.save(SessionRecord(cookies=COOKIES, state="EXPIRED")) is True
    assert stores.sessions.load().state == "EXPIRED"


@pytest.mark.integration
class TestAtRest:
    def test_cookies_are_sealed_and_the_state_is_readable(self, client, dynamodb):
        dynamodb.sessions.save(VALID)

        item = stored(client, "booking_sms")

        assert "invented-cookie" not in str(item)
        assert item["state"] == {"S": "VALID"}
        assert item["failed_attempts"] == {"N": "1"}

    def test_a_new_key_reads_the_old_seal_and_seals_anew(self, client):
        old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
        session_store(client, old).save(VALID)
        rotated = session_store(client, new, old)

        assert rotated.load() == VALID
        assert rotated.save(VALID) is True
        assert rotated.save(VALID) is False
        assert session_store(client, new).load() == VALID

    def test_a_lost_key_costs_the_cookies_but_not_the_attempt_budget(self, client):
        session_store(client, Fernet.generate_key().decode()).save(VALID)

        record = session_store(client, Fernet.generate_key().decode()).load()

        assert (record.cookies, record.state) == ((), "EXPIRED")
        assert (record.failed_attempts, record.last_attempt_at) == (1, VALID.last_attempt_at)

    def test_legacys_item_is_borrowed_and_never_written(self, client, dynamodb):
        put_legacy(client, json.dumps(COOKIES))
        before = stored(client, "1")
        borrowed = BorrowedSessionStore(client, TableNames(PREFIX))

        assert borrowed.load() == SessionRecord(cookies=COOKIES, state="VALID")
        assert borrowed.save(VALID) is False
        dynamodb.sessions.save(VALID)
        assert stored(client, "1") == before

    @pytest.mark.parametrize("cookies", ["", "not json", "{}", "[]", "[1]", "null"])
    def test_legacys_item_that_cannot_be_used_is_none(self, client, cookies):
        put_legacy(client, cookies)

        assert BorrowedSessionStore(client, TableNames(PREFIX)).load() is None

    def test_no_item_of_legacy_is_none(self, client):
        assert BorrowedSessionStore(client, TableNames(PREFIX)).load() is None


def session_store(client, *keys: str) -> DynamoDbSessionStore:
    return DynamoDbSessionStore(client, TableNames(PREFIX), sealer=Sealer(keys))


def put_legacy(client, cookies: str) -> None:
    item = {"id": {"S": "1"}, "cookies": {"S": cookies}}
    client.put_item(TableName=f"{PREFIX}session", Item=item)


def stored(client, item_id: str):
    return client.get_item(TableName=f"{PREFIX}session", Key={"id": {"S": item_id}})["Item"]
