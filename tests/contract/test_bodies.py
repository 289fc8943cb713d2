"""Texts are kept once, under the digest of their plain form, and never in the clear."""

import hashlib

import pytest
from cryptography.fernet import Fernet

from booking_sms.adapters.dynamodb import DynamoDbBodyStore, Sealer, TableNames
from booking_sms.domain.errors import ConfigError

from .conftest import PREFIX

TEXT = "안녕하세요, 시험사진관입니다.\n출입문 비밀번호: 0000*"


def test_a_text_comes_back_under_its_digest(stores):
    digest = stores.bodies.put(TEXT)

    assert digest == hashlib.sha256(TEXT.encode()).hexdigest()
    assert stores.bodies.get(digest) == TEXT


def test_the_same_text_has_one_digest_and_another_text_another(stores):
    assert stores.bodies.put(TEXT) == stores.bodies.put(TEXT) != stores.bodies.put(TEXT + " ")


@pytest.mark.parametrize("text", ["", "a" * 4000, "가" * 1000])
def test_empty_and_long_texts(stores, text):
    assert stores.bodies.get(stores.bodies.put(text)) == text


def test_an_unknown_text_is_a_key_error(stores):
    with pytest.raises(KeyError):
        stores.bodies.get("0" * 64)


def test_many_texts_come_back_without_the_unknown(stores):
    texts = {stores.bodies.put(text): text for text in (TEXT, TEXT + "?")}

    assert stores.bodies.get_many([*texts, "0" * 64]) == texts
    assert stores.bodies.get_many([]) == {}


@pytest.mark.integration
class TestAtRest:
    def test_nothing_stored_is_readable(self, client, dynamodb):
        dynamodb.bodies.put(TEXT)

        items = client.scan(TableName=f"{PREFIX}sms_bodies")["Items"]

        assert len(items) == 1
        assert "비밀번호" not in str(items)

    def test_a_text_is_written_once_ever(self, client):
        first, second = (body_store(client) for _ in range(2))
        digest = first.put(TEXT)
        sealed = stored(client, digest)

        second.put(TEXT)

        assert stored(client, digest) == sealed

    def test_a_text_sealed_with_an_old_key_opens_after_the_rotation(self, client):
        old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
        digest = body_store(client, old).put(TEXT)

        assert body_store(client, new, old).get(digest) == TEXT
        with pytest.raises(ConfigError, match="no encryption key"):
            body_store(client, new).get(digest)
        assert body_store(client, new).get_many([digest]) == {}


def body_store(client, *keys: str) -> DynamoDbBodyStore:
    sealer = Sealer(keys or [Fernet.generate_key().decode()])
    return DynamoDbBodyStore(client, TableNames(PREFIX), sealer=sealer)


def stored(client, digest: str):
    key = {"sha256": {"S": digest}}
    return client.get_item(TableName=f"{PREFIX}sms_bodies", Key=key)["Item"]
