"""Texts are kept once, under the digest of their plain form, and never in the clear."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet

from booking_sms.adapters.dynamodb import (
    DynamoDbBodyStore,
    DynamoDbPersonalRecords,
    Sealer,
    TableNames,
)
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


def test_a_text_that_nobody_can_open_is_readable_again_once_it_is_put_again(stores, request):
    digest = stores.bodies.put(TEXT)
    if stores.kind == "memory":
        stores.bodies.sealed.add(digest)
        after = stores.bodies
    else:
        after = body_store(request.getfixturevalue("client"), Fernet.generate_key().decode())
    with pytest.raises(ConfigError, match="no encryption key"):
        after.get(digest)

    assert after.put(TEXT) == digest

    assert after.get(digest) == TEXT


@pytest.mark.integration
class TestAtRest:
    def test_nothing_stored_is_readable(self, client, dynamodb):
        dynamodb.bodies.put(TEXT)

        items = client.scan(TableName=f"{PREFIX}sms_bodies")["Items"]

        assert len(items) == 1
        assert "비밀번호" not in str(items)

    def test_a_text_is_written_once_for_all_processes(self, client):
        key = Fernet.generate_key().decode()
        first, second = (body_store(client, key) for _ in range(2))
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

    def test_a_guide_that_is_used_after_the_rotation_outlives_its_first_key(self, client):
        old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
        digest = body_store(client, old).put(TEXT)

        body_store(client, new, old).put(TEXT)

        assert body_store(client, new).get(digest) == TEXT

    def test_a_text_that_is_taken_up_again_is_young_again(self, client):
        key, store = keyed(client)
        old, recent = (datetime.now(UTC) - timedelta(days=days) for days in (15, 13))
        kept = keep_sealed(client, key, TEXT, recent)
        renewed = keep_sealed(client, key, TEXT + "?", old)

        before = {digest: stored(client, digest) for digest in (kept, renewed)}
        store.put(TEXT)
        store.put(TEXT + "?")

        assert stored(client, kept) == before[kept]
        assert stored(client, renewed) != before[renewed]
        assert sealed_at(client, renewed) > recent

    def test_the_second_of_two_writers_looks_again(self, client):
        """Whoever renews a seal leaves its age; a text that is put at that moment is young."""
        key, store = keyed(client)
        digest = keep_sealed(client, key, TEXT, datetime.now(UTC) - timedelta(days=50))
        write = store._write

        def overtaken(*arguments, **options):
            store._write = write
            keep_sealed(client, key, TEXT, datetime.now(UTC) - timedelta(days=50))
            return write(*arguments, **options)

        store._write = overtaken
        store.put(TEXT)

        assert sealed_at(client, digest) > datetime.now(UTC) - timedelta(days=1)

    def test_seals_are_counted_and_renewed_with_their_age(self, client):
        old, new, lost = (Fernet.generate_key().decode() for _ in range(3))
        written = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)
        digest = keep_sealed(client, old, TEXT, written)
        keep_sealed(client, lost, TEXT + "?", written)
        store = body_store(client, new, old)
        store.put(TEXT + "!")

        assert store.seals() == {"current": 1, "older": 1, "lost": 1}
        assert sealed_at(client, digest) == written
        assert store.seals(renew=True) == {"current": 2, "older": 0, "lost": 1}
        assert store.seals() == {"current": 2, "older": 0, "lost": 1}

        assert body_store(client, new).get(digest) == TEXT
        assert sealed_at(client, digest) == written

    def test_renewing_brings_back_nothing_that_was_erased(self, client):
        old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
        digest = body_store(client, old).put(TEXT)
        store = body_store(client, new, old)
        write = store._write

        def after_erasure(*arguments, **options):
            client.delete_item(TableName=f"{PREFIX}sms_bodies", Key={"sha256": {"S": digest}})
            return write(*arguments, **options)

        store._write = after_erasure
        store.seals(renew=True)

        assert client.scan(TableName=f"{PREFIX}sms_bodies")["Items"] == []


def keyed(client):
    key = Fernet.generate_key().decode()
    return key, body_store(client, key)


def keep_sealed(client, key: str, text: str, at: datetime) -> str:
    """A text that was sealed at some instant."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    sealed = Fernet(key).encrypt_at_time(text.encode(), int(at.timestamp())).decode()
    item = {"sha256": {"S": digest}, "sealed": {"S": sealed}}
    client.put_item(TableName=f"{PREFIX}sms_bodies", Item=item)
    return digest


def sealed_at(client, digest: str) -> datetime:
    texts = dict(DynamoDbPersonalRecords(client, TableNames(PREFIX)).texts())
    return texts[digest]


def body_store(client, *keys: str) -> DynamoDbBodyStore:
    sealer = Sealer(keys or [Fernet.generate_key().decode()])
    return DynamoDbBodyStore(client, TableNames(PREFIX), sealer=sealer)


def stored(client, digest: str):
    key = {"sha256": {"S": digest}}
    return client.get_item(TableName=f"{PREFIX}sms_bodies", Key=key)["Item"]
