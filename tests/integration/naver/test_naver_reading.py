"""The booking API against the simulated Naver: real HTTP, real cookies, scripted faults."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from naver_sandbox import STORES

from booking_sms.adapters.naver.cookies import has_auth
from booking_sms.adapters.stage.local import FilePayloadStage
from booking_sms.domain.booking import KST, BookingStatus
from booking_sms.domain.errors import (
    BookingApiThrottled,
    BookingApiUnavailable,
    BookingQueryRefused,
    SessionExpired,
)
from booking_sms.domain.window import Window
from booking_sms.pipeline.extract import extract_store, load_bookings

pytestmark = pytest.mark.integration

FORMS = ["expired_redirect", "expired_401", "expired_403", "expired_landing"]


def fetch_all(reader, window):
    return {store: reader.source.fetch_store(store, window) for store in STORES}


def test_every_booking_in_range_arrives_once(sandbox, reader):
    extracts = fetch_all(reader, sandbox.window)

    found = {b.booking_num: b for e in extracts.values() for b in e.bookings}
    assert len(found) == sum(len(extract.bookings) for extract in extracts.values())
    assert not any(extract.quarantined for extract in extracts.values())
    known = sandbox.control("GET", "naver/bookings")
    expected = {
        f"{row['store']}_{row['booking_id']}"
        for row in known
        if row["status_now"] and row["status_now"] != "RC99" and not row["hidden"]
    }
    assert expected == found.keys()


def test_scenes_are_read_as_they_are_meant(sandbox, reader):
    extracts = fetch_all(reader, sandbox.window)
    by_id = {b.booking_num: b for e in extracts.values() for b in e.bookings}

    def scene(name: str):
        (row,) = sandbox.control("GET", f"naver/bookings?scenario={name}")
        return by_id[f"{row['store']}_{row['booking_id']}"]

    assert scene("phone_missing").phone == ""
    assert "*" in scene("phone_masked").phone
    assert scene("options_null").options == ()
    assert scene("options_empty").options == ()
    assert scene("requested_only").status is BookingStatus.REQUESTED
    assert scene("no_show").status is BookingStatus.NO_SHOW
    assert scene("ahead_45_days").starts_at > sandbox.window.as_of
    assert scene("inside_two_hours").booking_time == "2026-03-02 15:00:00"


@pytest.mark.parametrize("hour", [0, 4, 14, 20])
def test_the_plan_of_every_hour_is_accepted(sandbox, reader, hour):
    window = Window(datetime(2026, 3, 2, hour, 0, tzinfo=KST))

    assert reader.source.fetch_store(STORES[0], window).api_calls >= 3


def test_one_booking_by_its_id(sandbox, reader):
    booking = reader.source.fetch_store(STORES[0], sandbox.window).bookings[0]

    assert reader.source.fetch_booking(STORES[0], booking.booking_id) == booking
    assert reader.source.fetch_booking(STORES[0], "1") is None


def test_a_good_session_is_probed_and_not_replaced(sandbox, reader, make_reader):
    second = make_reader(store=reader.store)

    assert second.session.ensure_valid()["renewed"] is False
    assert sandbox.account["logins"] == 1


@pytest.mark.parametrize("form", FORMS)
def test_an_expired_session_is_renewed_once_and_the_run_goes_on(sandbox, reader, form):
    sandbox.configure(expired_form=form)
    sandbox.control("POST", "naver/expire-sessions")

    extracts = fetch_all(reader, sandbox.window)

    assert all(extract.bookings for extract in extracts.values())
    assert sandbox.account["logins"] == 2


@pytest.mark.parametrize("form", FORMS)
def test_a_session_that_expires_in_the_middle_of_a_store(sandbox, reader, form):
    sandbox.configure(expired_form=form)
    sandbox.control("POST", "naver/expire-sessions", after_calls=3)

    extracts = fetch_all(reader, sandbox.window)

    assert sum(len(extract.bookings) for extract in extracts.values()) > 40
    assert sandbox.account["logins"] == 2


def test_a_second_expiry_in_one_run_is_not_renewed(sandbox, reader):
    sandbox.control("POST", "naver/expire-sessions")
    reader.source.fetch_store(STORES[0], sandbox.window)
    sandbox.control("POST", "naver/expire-sessions")

    with pytest.raises(SessionExpired):
        reader.source.fetch_store(STORES[1], sandbox.window)

    assert sandbox.account["logins"] == 2


def test_tasks_in_other_processes_share_one_renewal(sandbox, reader, make_reader):
    tasks = [make_reader(store=reader.store) for _ in STORES]
    for task in tasks:
        task.session.cookies()
    sandbox.control("POST", "naver/expire-sessions")

    for task, store in zip(tasks, STORES, strict=True):
        assert task.source.fetch_store(store, sandbox.window).bookings

    assert sandbox.account["logins"] == 2


@pytest.mark.parametrize("form", [*FORMS, "html_instead_of_json"])
def test_one_refusal_of_a_good_session_starts_no_login(sandbox, reader, form):
    sandbox.fault("naver_booking", form, match={"store": STORES[2]})

    assert reader.source.fetch_store(STORES[2], sandbox.window).bookings
    assert sandbox.account["logins"] == 1


def test_a_store_that_always_refuses_costs_itself_only(sandbox, reader):
    sandbox.fault(
        "naver_booking", "expired_403", operation="*", times=None, match={"store": STORES[2]}
    )

    with pytest.raises(SessionExpired):
        reader.source.fetch_store(STORES[2], sandbox.window)

    assert reader.source.fetch_store(STORES[3], sandbox.window).bookings
    assert sandbox.account["logins"] == 1


@pytest.mark.parametrize("operation", ["list", "count"])
def test_one_broken_store_does_not_stop_the_others(sandbox, reader, operation):
    sandbox.fault(
        "naver_booking", "http_500", operation=operation, times=None, match={"store": STORES[0]}
    )

    with pytest.raises(BookingApiUnavailable) as caught:
        reader.source.fetch_store(STORES[0], sandbox.window)

    assert caught.value.context["store"] == STORES[0]
    assert reader.source.fetch_store(STORES[1], sandbox.window).bookings


def test_a_broken_first_store_does_not_keep_the_run_from_starting(sandbox, make_reader):
    sandbox.fault(
        "naver_booking", "http_500", operation="*", times=None, match={"store": STORES[0]}
    )

    assert make_reader().session.ensure_valid()["verified"] is True


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("http_500", {"times": 2}),
        ("rate_limited", {"times": 2}),
        ("truncated_json", {}),
        ("hang", {"params": {"seconds": 5}}),
    ],
)
def test_what_passes_is_not_noticed(sandbox, make_reader, kind, options):
    reader = make_reader(timeout_s=1.0)
    reader.session.ensure_valid()
    sandbox.fault("naver_booking", kind, **options)

    assert reader.source.fetch_store(STORES[0], sandbox.window).bookings


def test_throttling_that_stays_is_told(sandbox, reader):
    sandbox.fault("naver_booking", "rate_limited", times=None)

    with pytest.raises(BookingApiThrottled):
        reader.source.fetch_store(STORES[0], sandbox.window)


def test_an_unknown_store_is_refused_by_name(sandbox, reader):
    with pytest.raises(BookingQueryRefused) as caught:
        reader.source.fetch_store("900999", sandbox.window)

    assert caught.value.context["store"] == "900999"


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({}, "snapshotJson"),
        ({"path": "snapshotJson.startDateTime", "value": "soon"}, "snapshotJson.startDateTime"),
        ({"path": "businessId", "value": 1}, "businessId"),
    ],
)
def test_a_malformed_booking_is_quarantined(sandbox, reader, params, field):
    window = sandbox.window
    bookings = reader.source.fetch_store(STORES[0], window).bookings
    broken = bookings[-1].booking_id
    sandbox.fault(
        "naver_booking",
        "malformed_booking",
        times=None,
        params=params,
        match={"booking": broken},
    )

    extract = reader.source.fetch_store(STORES[0], window)

    assert len(extract.bookings) == len(bookings) - 1
    (told,) = extract.quarantined
    assert (told.reference, told.reason) == (broken, f"BookingMalformed: {field}")


@pytest.mark.parametrize("change", ["insert", "remove", "cancel"])
def test_a_list_that_moves_while_it_is_read_loses_nobody(sandbox, reader, change):
    sandbox.control("POST", "seed", stores=1, bookings=300)
    window = sandbox.window
    before = {b.booking_id for b in reader.source.fetch_store(STORES[0], window).bookings}
    assert len(before) > 60
    sandbox.fault("naver_booking", "page_drift", params={"change": change}, match={"page": 1})

    after = {b.booking_id for b in reader.source.fetch_store(STORES[0], window).bookings}

    assert len(before - after) == (1 if change == "remove" else 0)


def test_a_list_that_is_capped_is_an_error(sandbox, reader):
    sandbox.configure(page_size_limit=3)

    with pytest.raises(BookingApiUnavailable):
        reader.source.fetch_store(STORES[0], sandbox.window)


def test_cookies_of_a_partner_page_may_be_needed(sandbox, make_reader):
    sandbox.configure(require_partner_visit=True)
    reader = make_reader()

    with pytest.raises(SessionExpired):
        reader.session.ensure_valid()

    assert reader.store.record.failed_attempts == 1
    assert not has_auth(reader.store.record.cookies)


def test_nothing_personal_leaves_but_what_a_booking_needs(sandbox, reader, tmp_path: Path, caplog):
    caplog.set_level("DEBUG")
    canaries = sandbox.control("GET", "naver/canaries")
    stage = FilePayloadStage(tmp_path.as_uri())

    summary = extract_store(reader.source, stage, sandbox.window, STORES[0], 1)

    told = json.dumps(summary.as_dict()) + caplog.text
    assert not [word for words in canaries.values() for word in words if word in told]
    staged = json.dumps(stage.read(summary.key), ensure_ascii=False)
    assert "@" not in staged
    assert "userAgentJson" not in staged
    assert len(load_bookings(stage, [summary.key])) == summary.bookings > 0
