from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from naver_payloads import STORE, make_payload
from naver_server import BookingServer, make_api

from booking_sms.adapters.naver.booking_api import StoreBookings
from booking_sms.adapters.naver.listing import read_plan, read_query
from booking_sms.domain.errors import BookingApiUnavailable
from booking_sms.domain.fetch_plan import ANY_STATUS, DateFilter, FetchPlan, FetchQuery
from booking_sms.testing.factories import NOW

QUERY = FetchQuery(
    date_filter=DateFilter.VISIT,
    statuses=ANY_STATUS,
    since=NOW,
    until=NOW + timedelta(days=1),
)


def make_server(count: int) -> BookingServer:
    return BookingServer([make_payload(1_000 + number) for number in range(count)])


def store_of(server: BookingServer) -> StoreBookings:
    return make_api(server).store(STORE)


@pytest.mark.parametrize(
    ("bookings", "pages"),
    [
        pytest.param(0, 0, id="nothing counted, nothing listed"),
        pytest.param(1, 1, id="one"),
        pytest.param(49, 1, id="a short page"),
        pytest.param(50, 2, id="a full page may not be the last"),
        pytest.param(120, 3, id="three pages"),
    ],
)
def test_every_page_is_read_until_a_short_one(bookings, pages):
    server = make_server(bookings)

    rows = read_query(store_of(server), QUERY)

    assert len(rows) == bookings
    assert len(server.asked("/api/")) == pages


def test_a_booking_that_arrives_while_paging_repeats_a_row_and_loses_none():
    server = make_server(60)
    newcomer = make_payload(1)

    def arrive(page: int) -> None:
        if page == 1:
            server.payloads[STORE].insert(0, newcomer)

    server.before_page = arrive

    rows = read_query(store_of(server), QUERY)

    assert set(rows) >= {str(1_000 + number) for number in range(60)}


def test_a_booking_that_leaves_while_paging_has_the_query_read_again():
    server = make_server(60)
    left: list[int] = []

    def leave(page: int) -> None:
        if page == 1 and not left:
            left.append(server.payloads[STORE].pop(0)["bookingId"])

    server.before_page = leave

    rows = read_query(store_of(server), QUERY)

    assert len(rows) == 59
    assert str(left[0]) not in rows
    assert len(server.asked("count")) == 2


def test_bookings_beyond_the_count_are_read_as_well():
    server = make_server(50)
    server.before_page = lambda page: (
        server.payloads[STORE].append(make_payload(9_000)) if page == 1 else None
    )

    assert "9000" in read_query(store_of(server), QUERY)


@pytest.mark.parametrize("page_size", [20, 0])
def test_a_list_that_stays_short_is_an_error_and_no_empty_day(page_size):
    server = make_server(30)
    server.page_size = page_size

    with pytest.raises(BookingApiUnavailable) as caught:
        read_query(store_of(server), QUERY)

    assert caught.value.context["counted"] == 30
    assert caught.value.context["collected"] == page_size


def test_a_server_that_ignores_the_page_does_not_hold_us_for_ever():
    asked: list[str] = []
    first_page = [make_payload(1_000 + number) for number in range(50)]

    def server(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        is_count = request.url.path.endswith("/count")
        return httpx.Response(200, json={"count": 120} if is_count else first_page)

    with pytest.raises(BookingApiUnavailable):
        read_query(make_api(server).store(STORE), QUERY)

    assert len(asked) == 6


def test_a_booking_of_several_queries_counts_once_and_the_last_wins():
    server = make_server(1)
    seen: list[int] = []

    def age(page: int) -> None:
        seen.append(page)
        server.payloads[STORE][0]["completedCount"] = len(seen)

    server.before_page = age

    rows = read_plan(store_of(server), FetchPlan((QUERY, QUERY)))

    assert [row["completedCount"] for row in rows.values()] == [2]


def test_rows_without_a_usable_id_are_all_kept():
    server = BookingServer([make_payload(bookingId=None), make_payload(bookingId=None), "row", 1])

    assert len(read_query(store_of(server), QUERY)) == 4
