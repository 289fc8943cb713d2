"""Modes, switches, opt-outs, counters, notes, and who changed them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest

from booking_sms.adapters.dynamodb.text_counters import REMEMBERED
from booking_sms.domain.errors import StoreThrottled
from booking_sms.domain.text_counts import TextCounts
from booking_sms.ports import AdvertisingRecord
from booking_sms.testing import NOW

from .conftest import PREFIX
from .dynalite import client_of
from .lossy_proxy import run_lossy_proxy
from .stores import dynamodb_stores

WHO = {"by": "captain", "reason": "test"}
DAY = date(2026, 3, 2)


def test_a_fresh_production_cannot_send(stores):
    assert stores.control.delivery_mode() == "off"
    assert stores.control.delivery_mode("900101") == "off"


@pytest.mark.parametrize(
    ("chain", "store", "effective"),
    [
        ("live", None, "live"),
        ("live", "off", "off"),
        ("live", "comparison", "comparison"),
        ("comparison", "live", "comparison"),
        ("off", "live", "off"),
        (None, "live", "off"),
        ("live", "live", "live"),
    ],
)
def test_the_more_cautious_mode_wins(stores, chain, store, effective):
    if chain:
        stores.control.set_delivery_mode(chain, **WHO)
    if store:
        stores.control.set_delivery_mode(store, store_id="900101", **WHO)

    assert stores.control.delivery_mode("900101") == effective
    assert stores.control.delivery_mode() == (chain or "off")
    assert stores.control.delivery_mode("900102") == (chain or "off")


def test_a_mode_that_does_not_exist_is_refused(stores):
    with pytest.raises(ValueError, match="turbo"):
        stores.control.set_delivery_mode("turbo", **WHO)
    assert stores.control.operator_changes(DAY) == ()


@pytest.mark.integration
def test_a_stored_mode_that_nobody_knows_is_off(client, dynamodb):
    item = {"name": {"S": "mode"}, "value": {"S": "LIVE"}}
    client.put_item(TableName=f"{PREFIX}sms_control", Item=item)

    assert dynamodb.control.delivery_mode() == "off"


def test_one_read_finds_modes_switches_and_a_note(stores):
    fresh = stores.control.sending_state({"", "900101"}, "pause")
    stores.control.set_delivery_mode("live", **WHO)
    stores.control.set_delivery_mode("off", store_id="900101", **WHO)
    stores.control.set_kill_switch("rule:guide", True, **WHO)
    stores.control.put_note("pause", {"until_ms": 5})

    found = stores.control.sending_state({"", "900101", "900102"}, "pause")

    assert (fresh.modes, fresh.switches, fresh.note) == (
        {"": "off", "900101": "off"},
        frozenset(),
        None,
    )
    assert found.modes == {"": "live", "900101": "off", "900102": "live"}
    assert found.switches == {"rule:guide"}
    assert found.note == {"until_ms": 5}


def test_kill_switches_are_turned_on_and_off_one_by_one(stores):
    assert stores.control.kill_switches() == frozenset()

    stores.control.set_kill_switch("all", True, **WHO)
    stores.control.set_kill_switch("store:900101", True, **WHO)
    stores.control.set_kill_switch("store:900101", True, **WHO)
    stores.control.set_kill_switch("all", False, **WHO)
    assert stores.control.kill_switches() == {"store:900101"}

    stores.control.set_kill_switch("store:900101", False, **WHO)
    stores.control.set_kill_switch("rule:guide", False, **WHO)
    assert stores.control.kill_switches() == frozenset()


def test_an_opt_out_is_known_however_the_number_is_written(stores):
    stores.control.add_opt_outs(["01000001234", "010-0000-5678", "01000001234"])
    stores.control.add_opt_outs(["01000001234"])
    stores.control.add_opt_outs([])

    assert stores.control.is_opted_out("010-0000-1234")
    assert stores.control.is_opted_out("+82 10-0000-5678")
    assert not stores.control.is_opted_out("01000009999")


@pytest.mark.integration
def test_opted_out_numbers_are_stored_as_digests(client, dynamodb):
    dynamodb.control.add_opt_outs(f"0100000{number:04d}" for number in range(120))

    items = client.scan(TableName=f"{PREFIX}sms_control")["Items"]

    assert len(items) == 120
    assert "0100000" not in str(items)


def test_the_last_advertising_text_to_a_number_is_known_however_it_is_written(stores):
    first = AdvertisingRecord(job_id="a" * 12, at=NOW)
    second = AdvertisingRecord(job_id="b" * 12, at=NOW + timedelta(days=2))
    assert stores.control.last_advertising("01000001234") is None

    stores.control.record_advertising("01000001234", first)
    assert stores.control.last_advertising("+82 10-0000-1234") == first
    stores.control.record_advertising("010-0000-1234", second)

    assert stores.control.last_advertising("01000001234") == second
    assert stores.control.last_advertising("01000009999") is None
    assert not stores.control.is_opted_out("01000001234")


@pytest.mark.integration
def test_numbers_that_got_advertising_are_stored_as_digests(client, dynamodb):
    record = AdvertisingRecord(job_id="a" * 12, at=NOW)
    dynamodb.control.record_advertising("01000001234", record)

    (item,) = client.scan(TableName=f"{PREFIX}sms_control")["Items"]

    assert item["name"]["S"].startswith("advertised#")
    assert "01000001234" not in str(item)


def test_a_rules_stage_is_its_own_until_it_is_set(stores):
    assert stores.control.rollout_stage("event") is None

    stores.control.set_rollout_stage("event", "store:900101", **WHO)

    assert stores.control.rollout_stage("event") == "store:900101"
    assert stores.control.rollout_stage("guide") is None


def test_counters_are_by_name_and_day(stores):
    assert stores.control.counter("sms", DAY) == 0
    assert stores.control.add_to_counter("sms", DAY, 2) == 2
    assert stores.control.add_to_counter("sms", DAY, 3) == 5
    assert stores.control.add_to_counter("sms", DAY + timedelta(days=1), 1) == 1
    assert stores.control.add_to_counter("ads", DAY, 1) == 1
    assert stores.control.add_to_counter("sms", DAY, -1) == 4
    assert stores.control.counter("sms", DAY) == 4


def test_counting_at_once_loses_nothing(stores):
    with ThreadPoolExecutor(16) as threads:
        values = list(
            threads.map(lambda _: stores.control.add_to_counter("sms", DAY, 1), range(64))
        )

    assert sorted(values) == list(range(1, 65))


def test_texts_are_counted_by_class_day_and_month(stores):
    control = stores.control
    assert control.texts_of_month(DAY) == TextCounts()

    assert control.count_texts(DAY, "information", lambda _: 100) == 100
    assert control.count_texts(DAY, "advertising", lambda _: 7) == 7
    assert control.count_texts(DAY, "information", lambda _: -40) == -40
    control.count_texts(DAY + timedelta(days=29), "information", lambda _: 5)
    control.count_texts(DAY + timedelta(days=30), "information", lambda _: 9)

    march = control.texts_of_month(date(2026, 3, 15))
    assert march.of_day(DAY, "information") == 60
    assert march.of_day(DAY, "advertising") == 7
    assert march.of_month(DAY) == 72
    assert control.texts_of_month(date(2026, 4, 30)).of_month(date(2026, 4, 1)) == 9


def test_how_many_texts_are_counted_depends_on_the_month_so_far(stores):
    def room(counts: TextCounts) -> int:
        return min(4, 10 - counts.of_month(DAY))

    added = [stores.control.count_texts(DAY, "information", room) for _ in range(4)]

    assert added == [4, 4, 2, 0]


def test_counting_texts_at_once_loses_none_and_passes_no_limit(stores):
    def take(number: int) -> int:
        day = DAY + timedelta(days=number % 3)
        return stores.control.count_texts(
            day, "information", lambda counts: min(3, 50 - counts.of_month(DAY))
        )

    with ThreadPoolExecutor(4) as threads:
        added = list(threads.map(take, range(24)))

    assert sum(added) == 50
    assert stores.control.texts_of_month(DAY).of_month(DAY) == 50


@pytest.mark.integration
def test_nothing_to_count_writes_nothing(client, dynamodb):
    assert dynamodb.control.count_texts(DAY, "information", lambda _: 0) == 0

    assert client.scan(TableName=f"{PREFIX}sms_control")["Items"] == []


@pytest.mark.integration
def test_a_months_texts_are_one_small_item(client, dynamodb):
    for number in range(31):
        day = date(2026, 3, 1) + timedelta(days=number)
        for message_class in ("information", "advertising"):
            dynamodb.control.count_texts(day, message_class, lambda _: 2000)

    (item,) = client.scan(TableName=f"{PREFIX}sms_control")["Items"]

    assert item["name"]["S"] == "texts#2026-03"
    assert len(item["writers"]["L"]) == REMEMBERED
    assert len(str(item["texts"])) + len(str(item["writers"])) < 4096  # with JSON's own marks


@pytest.mark.integration
@pytest.mark.parametrize("amount", [5, -5])
def test_texts_whose_answer_was_lost_are_counted_once(client, dynamodb, dynalite_url, amount):
    dynamodb.control.count_texts(DAY, "information", lambda _: 20)
    with run_lossy_proxy(dynalite_url) as (proxy, url):
        lossy_client = client_of(url)
        stores = dynamodb_stores(lossy_client, PREFIX)
        proxy.drop_next("PutItem")

        assert stores.control.count_texts(DAY, "information", lambda _: amount) == amount
        lossy_client.close()

    assert proxy.dropped == ["PutItem"]
    assert dynamodb.control.texts_of_month(DAY).of_day(DAY) == 20 + amount


@pytest.mark.integration
def test_texts_that_others_always_count_first_are_not_counted(dynamodb):
    def interrupted(counts: TextCounts) -> int:
        dynamodb.control.count_texts(DAY, "advertising", lambda _: 1)
        return 100

    with pytest.raises(StoreThrottled):
        dynamodb.control.count_texts(DAY, "information", interrupted)

    assert dynamodb.control.texts_of_month(DAY).of_day(DAY, "information") == 0


def test_a_note_comes_back_as_json_and_is_replaced_whole(stores):
    stores.control.put_note("heartbeat", {"at": "now", "counts": (1, 2), "rate": 0.5, "없음": None})
    assert stores.control.get_note("heartbeat") == {
        "at": "now",
        "counts": [1, 2],
        "rate": 0.5,
        "없음": None,
    }

    stores.control.put_note("heartbeat", {})
    assert stores.control.get_note("heartbeat") == {}
    assert stores.control.get_note("silence") is None


def test_notes_modes_and_counters_do_not_meet(stores):
    stores.control.put_note("mode", {"value": "live"})

    assert stores.control.delivery_mode() == "off"


def test_every_change_by_a_person_is_on_the_trail(stores):
    stores.control.set_delivery_mode("live", by="captain", reason="cutover")
    stores.clock.advance(timedelta(minutes=1))
    stores.control.set_delivery_mode("off", by="owner", reason="wait", store_id="900101")
    stores.control.set_kill_switch("all", True, by="owner", reason="wrong text")
    stores.control.set_rollout_stage("event", "all", by="captain", reason="signed")
    stores.control.put_note("heartbeat", {"at": 1})

    changes = stores.control.operator_changes(DAY)

    assert [(c.name, c.value, c.by, c.reason) for c in changes] == [
        ("mode", "live", "captain", "cutover"),
        ("mode#900101", "off", "owner", "wait"),
        ("kill#all", "on", "owner", "wrong text"),
        ("rollout#event", "all", "captain", "signed"),
    ]
    assert [change.at - NOW for change in changes[:2]] == [timedelta(0), timedelta(minutes=1)]


def test_a_change_that_is_stored_elsewhere_is_on_the_trail_too(stores):
    stores.control.set_kill_switch("all", True, **WHO)
    stores.control.record_change("rules", "recommended 0123456789ab", by="owner", reason="텍스트")

    changes = stores.control.operator_changes(DAY)

    assert [(c.name, c.value, c.by, c.reason) for c in changes][1:] == [
        ("rules", "recommended 0123456789ab", "owner", "텍스트")
    ]
    assert changes[1].at == NOW
    assert stores.control.get_note("rules") is None


def test_the_trail_is_kept_by_month(stores):
    stores.control.set_delivery_mode("live", **WHO)
    stores.clock.advance(timedelta(days=31))
    stores.control.set_delivery_mode("off", **WHO)

    assert [c.value for c in stores.control.operator_changes(DAY)] == ["live"]
    assert [c.value for c in stores.control.operator_changes(date(2026, 4, 30))] == ["off"]
    assert stores.control.operator_changes(date(2026, 5, 1)) == ()
