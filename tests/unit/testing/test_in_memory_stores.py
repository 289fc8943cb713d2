"""What the contract suite does not see of the fakes: clocks, sources, channels, faults."""

from datetime import UTC, datetime, timedelta

import pytest

from booking_sms import testing
from booking_sms.domain.errors import (
    AlertFailed,
    BookingApiUnavailable,
    CaptchaRequired,
    PayloadConflict,
    SecretMissing,
    StoreUnavailable,
)
from booking_sms.domain.sms_job import JobState, Move
from booking_sms.testing import NOW, NOW_MS, make_booking, make_job, make_window


def test_the_business_clock_moves_only_when_told():
    clock = testing.FixedClock(NOW.astimezone(UTC))

    assert clock.now() == clock.now() == NOW
    assert clock.now().tzname() == "KST"
    assert clock.advance(timedelta(minutes=20)) == NOW + timedelta(minutes=20) == clock.now()
    with pytest.raises(ValueError, match="aware"):
        clock.set(datetime(2026, 3, 2))  # noqa: DTZ001


def test_the_transport_clock_moves_only_when_told():
    clock = testing.FixedTransportClock(NOW_MS)

    assert clock.now_ms() == NOW_MS
    assert clock.advance(timedelta(seconds=-2)) == NOW_MS - 2000
    clock.set(5)
    assert clock.now_ms() == 5


def test_both_clocks_of_the_factories_agree():
    assert NOW.timestamp() * 1000 == NOW_MS


def test_a_source_gives_the_stores_bookings_oldest_start_first():
    later = make_booking(starts_in=timedelta(hours=5), booking_id="2")
    sooner, elsewhere = make_booking(booking_id="1"), make_booking(store_id="900102")
    source = testing.FakeBookingSource([later, sooner, elsewhere])

    extract = source.fetch_store("900101", make_window())

    assert extract.bookings == (sooner, later)
    assert [payload["bookingId"] for payload in extract.payloads] == ["1", "2"]
    assert source.fetched == [("900101", make_window())]


def test_a_source_fails_for_the_store_it_was_told_to():
    source = testing.FakeBookingSource([make_booking()])
    source.failures["900101"] = BookingApiUnavailable()

    with pytest.raises(BookingApiUnavailable):
        source.fetch_store("900101", make_window())
    with pytest.raises(BookingApiUnavailable):
        source.fetch_booking("900101", "7000000001")
    assert source.fetch_store("900102", make_window()).bookings == ()


def test_a_booking_is_replaced_by_its_newer_self():
    source = testing.FakeBookingSource([make_booking(name="옛이름")])

    source.put(make_booking(name="새이름"))

    assert source.fetch_booking("900101", "7000000001").name == "새이름"
    assert source.fetch_booking("900101", "7000000009") is None


def test_a_session_is_valid_or_raises():
    session = testing.FakeNaverSession()
    assert session.ensure_valid()["state"] == "VALID"

    session.failure = CaptchaRequired()
    with pytest.raises(CaptchaRequired):
        session.ensure_valid()
    assert session.calls == 2


def test_a_channel_remembers_or_fails():
    channel = testing.RecordingAlertChannel("slack")
    channel.send("하나")
    channel.failure = AlertFailed(retry_safe=True)

    with pytest.raises(AlertFailed):
        channel.send("둘")

    assert channel.texts == ["하나"]


def test_a_staged_document_is_never_overwritten():
    stage = testing.InMemoryPayloadStage()

    assert stage.write("900101/w1/1", {"a": (1,)}) == "900101/w1/1"
    with pytest.raises(PayloadConflict):
        stage.write("900101/w1/1", {})

    assert stage.read("900101/w1/1") == {"a": [1]}
    with pytest.raises(KeyError):
        stage.read("900101/w9/1")


def test_staged_keys_are_listed_below_a_prefix():
    stage = testing.InMemoryPayloadStage()
    for key in ("b/2", "a/1", "b/1"):
        stage.write(key, None)

    assert stage.list("b/") == ("b/1", "b/2")
    assert stage.list("") == ("a/1", "b/1", "b/2")


def test_a_secret_that_is_not_there_is_named_by_reference():
    secrets = testing.InMemorySecretSource({"booking-sms/stores/900101#door_code": "0000*"})

    assert secrets.get("booking-sms/stores/900101#door_code") == "0000*"
    with pytest.raises(SecretMissing, match="900102#door_code"):
        secrets.get("booking-sms/stores/900102#door_code")


def test_a_write_can_fail_before_it_happened():
    jobs = testing.InMemorySmsJobRepository()
    jobs.fail_next_write(StoreUnavailable(), applied=False)

    with pytest.raises(StoreUnavailable):
        jobs.insert_if_absent(make_job())

    assert jobs.jobs == ()
    assert jobs.insert_if_absent(make_job()) is True


def test_a_write_can_fail_after_it_happened():
    jobs = testing.InMemorySmsJobRepository()
    jobs.insert_if_absent(make_job())
    jobs.fail_next_write(StoreUnavailable(), applied=True)

    with pytest.raises(StoreUnavailable):
        jobs.move(make_job(), Move.CANCEL, reason="test")

    assert jobs.jobs[0].state is JobState.CANCELLED
    assert [name for _, name in jobs.writes] == ["insert", "cancel"]


def test_everything_promised_is_exported():
    assert all(hasattr(testing, name) for name in testing.__all__)
