from __future__ import annotations

from datetime import datetime

import httpx
import pytest
from naver_payloads import NAME, STORE, make_payload
from naver_server import COOKIES, BookingServer, make_api

from booking_sms.adapters.naver.addresses import NaverAddresses
from booking_sms.adapters.naver.query import utc_milliseconds
from booking_sms.domain.booking import KST, BookingStatus
from booking_sms.domain.errors import (
    BookingApiThrottled,
    BookingApiUnavailable,
    BookingQueryRefused,
    BookingSchemaChanged,
    SessionExpired,
)
from booking_sms.domain.fetch_plan import DateFilter, FetchQuery
from booking_sms.testing.factories import NOW_MS

QUERY = FetchQuery(
    date_filter=DateFilter.VISIT,
    statuses=(BookingStatus.REQUESTED, BookingStatus.CONFIRMED),
    since=datetime(2026, 3, 1, tzinfo=KST),
    until=datetime(2026, 4, 1, tzinfo=KST),
)
JSON = {"content-type": "application/json"}


def answering(*responses: httpx.Response | Exception) -> BookingServer:
    server = BookingServer([make_payload()])
    server.scripted = list(responses)
    return server


def test_count_sends_every_parameter_of_the_partner_page():
    server = BookingServer([make_payload()])

    assert make_api(server).store(STORE).count(QUERY) == 1

    assert server.requests[0].url.path == "/v3.1/businesses/900101/bookings/count"
    assert dict(server.requests[0].url.params) == {
        "bizItemTypes": "STANDARD",
        "bookingStatusCodes": "RC02,RC03",
        "dateDropdownType": "ENTIRE",
        "dateFilter": "USEDATE",
        "maxDays": "31",
        "nPayChargedStatusCodes": "",
        "orderBy": "",
        "orderByStartDate": "ASC",
        "paymentStatusCodes": "",
        "searchValue": "",
        "page": "0",
        "size": "50",
        "noCache": str(NOW_MS),
        "startDateTime": "2026-02-28T15:00:00.000Z",
        "endDateTime": "2026-03-31T15:00:00.000Z",
    }


def test_list_sends_headers_and_cookies_of_the_partner_page():
    server = BookingServer([make_payload()])
    api = make_api(server)
    api.use_cookies(COOKIES)

    api.store(STORE).page(QUERY, 2)

    sent = server.requests[0]
    assert sent.url.path == "/api/businesses/900101/bookings"
    assert sent.url.params["page"] == "2"
    assert sent.headers["cookie"] == "NID_AUT=aut-1; NID_SES=ses-1"
    assert sent.headers["x-booking-naver-role"] == "OWNER"
    assert sent.headers["referer"] == "https://partner.example/bizes/900101/booking-list-view"
    assert sent.headers["authority"] == "partner.example"
    assert sent.headers["sec-fetch-site"] == "same-origin"


@pytest.mark.parametrize(
    ("cookie", "sent"),
    [
        pytest.param({"domain": ".example"}, True, id="parent domain"),
        pytest.param({"domain": "nid.example"}, False, id="the login host's own"),
        pytest.param({"domain": "partner.example", "path": "/bizes"}, False, id="another path"),
        pytest.param({"domain": ".example", "expiry": 1}, False, id="long expired"),
        pytest.param({"domain": ".example", "secure": True}, True, id="secure over https"),
    ],
)
def test_cookies_keep_to_their_domain_and_path(cookie, sent):
    server = BookingServer()
    api = make_api(server)
    api.use_cookies(({"name": "c", "value": "v", "path": "/", **cookie},))

    api.store(STORE).count()

    assert ("cookie" in server.requests[0].headers) is sent


def test_base_url_may_have_a_path_prefix():
    server = BookingServer([make_payload()])
    addresses = NaverAddresses("http://127.0.0.1:1/login", "http://127.0.0.1:1/partner/")

    make_api(server, addresses=addresses).store(STORE).count()

    assert server.requests[0].url.path == "/partner/v3.1/businesses/900101/bookings/count"


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(httpx.Response(401), id="401"),
        pytest.param(httpx.Response(403, json={}), id="403"),
        pytest.param(
            httpx.Response(302, headers={"location": "https://nid.example/nidlogin.login"}),
            id="3xx to the login site",
        ),
        pytest.param(
            httpx.Response(200, html="<!doctype html><p>로그인</p>"), id="HTML where JSON is due"
        ),
        pytest.param(httpx.Response(200, text=" \n<html>"), id="HTML under another name"),
    ],
)
def test_an_expired_session_is_recognised_and_not_retried(response):
    server = answering(response)

    with pytest.raises(SessionExpired) as caught:
        make_api(server).store(STORE).count()

    assert caught.value.context["store"] == STORE
    assert len(server.requests) == 1


def test_an_expired_session_that_lands_on_the_login_site_after_a_hop():
    server = answering(
        httpx.Response(302, headers={"location": "/landing"}),
        httpx.Response(302, headers={"location": "https://nid.example/nidlogin.login?url=x"}),
    )

    with pytest.raises(SessionExpired):
        make_api(server).store(STORE).count()

    assert server.requests[1].url == "https://partner.example/landing"


def test_redirects_inside_the_partner_site_are_followed():
    server = answering(
        httpx.Response(307, headers={"location": "/v3.2/businesses/900101/bookings/count"})
    )

    assert make_api(server).store(STORE).count() == 1


@pytest.mark.parametrize("location", ["https://elsewhere.example/", "", "/v3.1/loop"])
def test_other_redirects_are_an_outage_and_cookies_go_nowhere_else(location):
    redirect = httpx.Response(302, headers={"location": location})
    server = answering(*[redirect] * 20)

    with pytest.raises(BookingApiUnavailable):
        make_api(server).store(STORE).count()

    assert {request.url.host for request in server.requests} == {"partner.example"}


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(httpx.Response(500), id="500"),
        pytest.param(httpx.Response(503, html="<p>"), id="503 as HTML"),
        pytest.param(httpx.Response(304), id="304"),
        pytest.param(httpx.Response(200, text='{"cou', headers=JSON), id="cut JSON"),
        pytest.param(httpx.Response(200, text="", headers=JSON), id="empty"),
        pytest.param(httpx.Response(200, text="[" * 100_000, headers=JSON), id="bottomless"),
        pytest.param(httpx.ReadTimeout("slow"), id="timeout"),
        pytest.param(httpx.ConnectError("no"), id="connection refused"),
    ],
)
def test_failures_are_retried_and_then_unavailable(failure):
    server, sleeps = answering(*[failure] * 3), []

    with pytest.raises(BookingApiUnavailable) as caught:
        make_api(server, sleeps).store(STORE).count(QUERY)

    assert len(server.requests) == 3
    assert sleeps == [0.5, 1.0]
    assert caught.value.context["call"] == "count"


def test_a_failure_that_passes_is_not_noticed():
    server = answering(httpx.Response(502), httpx.ReadError("reset"))
    store = make_api(server).store(STORE)

    assert store.count() == 1
    assert store.calls == 3


@pytest.mark.parametrize(
    ("header", "slept"),
    [
        pytest.param({"retry-after": "7"}, [7.0], id="seconds"),
        pytest.param({"retry-after": "Mon, 02 Mar 2026 05:00:09 GMT"}, [9.0], id="a date"),
        pytest.param({"retry-after": "soon"}, [0.5], id="neither"),
        pytest.param({}, [0.5], id="not said"),
    ],
)
def test_throttling_waits_as_long_as_asked(header, slept):
    server, sleeps = answering(httpx.Response(429, headers=header)), []

    assert make_api(server, sleeps).store(STORE).count() == 1
    assert sleeps == slept


def test_throttling_that_asks_for_too_long_is_left_to_the_next_try():
    server, sleeps = answering(httpx.Response(429, headers={"retry-after": "60"})), []

    with pytest.raises(BookingApiThrottled) as caught:
        make_api(server, sleeps).store(STORE).count()

    assert caught.value.context["retry_after_s"] == 60
    assert sleeps == []


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_refused_query_names_store_and_query(status):
    server = answering(httpx.Response(status))

    with pytest.raises(BookingQueryRefused) as caught:
        make_api(server).store(STORE).page(QUERY, 3)

    assert caught.value.context == {
        "status": status,
        "store": STORE,
        "call": "list",
        "query": "USEDATE RC02,RC03 2026-02-28T15:00:00.000Z/2026-03-31T15:00:00.000Z page 3",
    }
    assert len(server.requests) == 1


@pytest.mark.parametrize("body", [[], {}, {"count": "3"}, {"count": None}, {"count": True}])
def test_a_count_of_another_shape_is_no_zero(body):
    with pytest.raises(BookingSchemaChanged):
        make_api(answering(httpx.Response(200, json=body))).store(STORE).count()


@pytest.mark.parametrize("body", ["{}", '{"bookings": []}', "null", "3"])
def test_a_list_of_another_shape_is_no_empty_day(body):
    server = answering(httpx.Response(200, text=body, headers=JSON))

    with pytest.raises(BookingSchemaChanged):
        make_api(server).store(STORE).page(QUERY, 0)


def test_detail_knows_and_does_not_know_a_booking():
    store = make_api(BookingServer([make_payload()])).store(STORE)

    assert store.detail("7000000001")["name"] == NAME
    assert store.detail("1") is None


def test_detail_of_another_shape():
    with pytest.raises(BookingSchemaChanged):
        make_api(answering(httpx.Response(200, json=[]))).store(STORE).detail("1")


def test_detail_that_is_refused_for_another_reason():
    with pytest.raises(BookingQueryRefused):
        make_api(answering(httpx.Response(422))).store(STORE).detail("1")


def test_requests_keep_their_pace():
    sleeps: list[float] = []
    store = make_api(BookingServer(), sleeps, pace_s=1.0).store(STORE)

    for _ in range(3):
        store.count()

    assert sleeps == [1.0, 1.0]


def test_instants_are_utc_with_milliseconds():
    assert utc_milliseconds(datetime(2026, 3, 2, tzinfo=KST)) == "2026-03-01T15:00:00.000Z"


def test_a_proxy_of_the_environment_is_not_used_on_loopback(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    loopback = NaverAddresses("http://127.0.0.1:1", "http://127.0.0.1:2")

    api = make_api(BookingServer(), addresses=loopback)

    assert api._client.trust_env is False
    api.close()


def test_errors_show_no_cookie():
    api = make_api(answering(httpx.Response(422)))
    api.use_cookies(COOKIES)

    with pytest.raises(BookingQueryRefused) as caught:
        api.store(STORE).count()

    assert "ses-1" not in f"{caught.value!r} {caught.value} {caught.value.__cause__!r}"
