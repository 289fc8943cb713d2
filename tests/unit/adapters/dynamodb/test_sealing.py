"""Encryption at rest: the first key seals, every key opens."""

import time

import pytest
from cryptography.fernet import Fernet

from booking_sms.adapters.dynamodb import Sealer
from booking_sms.domain.errors import SettingsInvalid

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


def test_what_is_sealed_opens_and_is_not_readable():
    sealed = Sealer([NEW]).seal("비밀")

    assert Sealer([NEW]).open(sealed) == "비밀"
    assert "비밀" not in sealed


def test_after_a_rotation_old_seals_open_and_are_known_as_old():
    sealed = Sealer([OLD]).seal("text")
    rotated = Sealer([NEW, OLD])

    assert rotated.open(sealed) == "text"
    assert not rotated.is_current(sealed)
    assert rotated.is_current(rotated.seal("text"))


def test_a_renewed_seal_is_current_and_no_younger():
    long_ago = int(time.time()) - 3 * 86_400
    sealed = Fernet(OLD).encrypt_at_time(b"text", long_ago).decode()
    renewed = Sealer([NEW, OLD]).renewed(sealed)

    assert Sealer([NEW]).open(renewed) == "text"
    assert Fernet(NEW).extract_timestamp(renewed) == long_ago
    assert Sealer([NEW]).is_current(renewed, days=4)
    assert not Sealer([NEW]).is_current(renewed, days=2)
    assert Sealer([NEW]).renewed(sealed) is None


@pytest.mark.parametrize(
    "sealed",
    ["", "not a token", Sealer([OLD]).seal("text")],
    ids=["empty", "no token", "other key"],
)
def test_what_no_key_opens_is_none(sealed):
    assert Sealer([NEW]).open(sealed) is None


@pytest.mark.parametrize("keys", [[], ["short"], [NEW, "not base64!"]])
def test_keys_that_are_none(keys):
    with pytest.raises(SettingsInvalid):
        Sealer(keys)


def test_an_error_shows_no_key():
    with pytest.raises(SettingsInvalid) as raised:
        Sealer(["c2hvcnQta2V5LW9mLW5vYm9keQ=="])

    assert "c2hvcnQ" not in str(raised.value)
