from __future__ import annotations

from datetime import datetime

import httpx
import pytest
from naver_payloads import NAME, PHONE, STORE, make_payload
from naver_server import COOKIES, BookingServer, make_api

from booking_sms.adapters.naver.cookies import Cookies
from booking_sms.adapters.naver.source import NaverBookingSource, build_probe
from booking_sms.domain.booking import KST
from booking_sms.domain.errors import (
    BookingApiUnavailable,
    BookingMalformed,
    SessionExpired,
)
from booking_sms.domain.window import Window

WINDOW = Window(datetime(2026, 3, 2, 14, 0, tzinfo=KST))
FRESH: Cookies = tuple({**cookie, "value": "ses-2"} for cookie in COOKIES)


class Session:
    """Cookies that are replaced by ``fresh`` when refused; SessionExpired without."""

    def __init__(self, fresh: Cookies | None = None) -> None:
        self.current: Cookies = COOKIES
        self.fresh = fresh
        self.refused: list[Cookies] = []

    def cookies(self) -> Cookies:
        return self.current

    def replace_refused(self, refused: Cookies) -> Cookies:
        self.refused.append(refused)
        if self.fresh is None:
            raise SessionExpired
        self.current = self.fresh
        return self.current


def make_source(server: BookingServer, session: Session | None = None) -> NaverBookingSource:
    return NaverBookingSource(make_api(server), session or Session())


def test_a_store_is_read_by_the_windows_plan():
    server = BookingServer([make_payload()])

    extract = make_source(server).fetch_store(STORE, WINDOW)

    asked = [
        (r.url.params["dateFilter"], r.url.params["bookingStatusCodes"])
        for r in server.asked("count")
    ]
    assert asked == [
        ("USEDATE", "RC02,RC03,RC04,RC05,RC08"),
        ("USEDATE", "RC02,RC03,RC04,RC05,RC08"),
        ("REGDATE", "RC02,RC03,RC04,RC05,RC08"),
    ]
    assert len(extract.bookings) == 1
    assert extract.api_calls == len(server.requests) == 6


def test_the_oldest_visit_comes_first_and_ids_settle_ties():
    early = {"startDateTime": "2026-03-02T01:00:00Z"}
    server = BookingServer([
        make_payload(10),
        make_payload(9),
        make_payload(11, snapshot=early),
        make_payload(100),
    ])

    extract = make_source(server).fetch_store(STORE, WINDOW)

    assert [booking.booking_id for booking in extract.bookings] == ["11", "9", "10", "100"]


def test_one_malformed_booking_does_not_cost_the_others():
    server = BookingServer([
        make_payload(1),
        make_payload(2, snapshotJson=None),
        make_payload(bookingId=None),
        "odd",
    ])

    extract = make_source(server).fetch_store(STORE, WINDOW)

    assert [booking.booking_id for booking in extract.bookings] == ["1"]
    told = {(item.reference, item.reason) for item in extract.quarantined}
    assert told == {
        ("2", "BookingMalformed: snapshotJson"),
        ("", "BookingMalformed: bookingId"),
        ("", "BookingMalformed: not an object"),
    }
    assert NAME not in str(extract.quarantined)


def test_payloads_are_scrubbed_before_they_leave():
    extract = make_source(BookingServer([make_payload()])).fetch_store(STORE, WINDOW)

    assert "payments" not in extract.payloads[0]
    assert PHONE not in repr(extract)


def test_an_expired_session_is_replaced_and_the_store_read_from_the_start():
    server = BookingServer([make_payload()])
    server.good_sessions = {"ses-2"}
    session = Session(FRESH)

    extract = make_source(server, session).fetch_store(STORE, WINDOW)

    assert len(extract.bookings) == 1
    assert session.refused == [COOKIES]


def test_an_expiry_between_pages_loses_nothing():
    server = BookingServer([make_payload(number + 1) for number in range(70)])
    session = Session(FRESH)

    def expire(page: int) -> None:
        server.good_sessions = {"ses-2"}

    server.before_page = expire

    extract = make_source(server, session).fetch_store(STORE, WINDOW)

    assert len(extract.bookings) == 70
    assert len(session.refused) == 1


def test_a_session_that_nobody_can_renew_is_no_empty_store():
    server = BookingServer([make_payload()])
    server.good_sessions = set()

    with pytest.raises(SessionExpired):
        make_source(server).fetch_store(STORE, WINDOW)


def test_a_store_that_refuses_good_cookies_for_ever_is_an_error():
    server = BookingServer([make_payload()])
    server.good_sessions = set()
    session = Session(COOKIES)

    with pytest.raises(SessionExpired):
        make_source(server, session).fetch_store(STORE, WINDOW)

    assert len(session.refused) == 2


def test_a_broken_store_is_no_empty_store():
    server = BookingServer([make_payload()])
    server.scripted = [httpx.Response(500)] * 3

    with pytest.raises(BookingApiUnavailable):
        make_source(server).fetch_store(STORE, WINDOW)


def test_one_booking():
    source = make_source(BookingServer([make_payload(5), make_payload(6, snapshotJson=None)]))

    assert source.fetch_booking(STORE, "5").name == NAME
    assert source.fetch_booking(STORE, "7") is None
    with pytest.raises(BookingMalformed):
        source.fetch_booking(STORE, "6")


@pytest.mark.parametrize(
    ("answers", "verdict", "calls"),
    [
        pytest.param([None], True, 1, id="the first store answers"),
        pytest.param([httpx.Response(401)], False, 1, id="refused"),
        pytest.param([httpx.Response(500), None], True, 2, id="one store down"),
        pytest.param([httpx.Response(404), httpx.Response(403)], False, 2, id="unknown store"),
        pytest.param([httpx.Response(500)] * 3, None, 3, id="cannot be told"),
    ],
)
def test_probe(answers, verdict, calls):
    server = BookingServer()
    server.payloads = {store: [] for store in ("1", "2", "3", "4")}
    server.scripted = answers

    assert build_probe(make_api(server), ["1", "2", "3", "4"])(COOKIES) is verdict
    assert len(server.requests) == calls
