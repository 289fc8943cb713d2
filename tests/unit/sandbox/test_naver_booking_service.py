"""The partner API: parameters, paging, refusals, faults, drift."""

import json

import pytest
from naver_world import make_world, signed_in_world

DAY = {"startDateTime": "2026-03-01T15:00:00.000Z", "endDateTime": "2026-03-02T14:59:59.000Z"}


def test_count_and_list_agree_and_the_list_is_a_bare_array() -> None:
    world = signed_in_world()

    rows = world.list(bookingStatusCodes="RC03").json()

    assert isinstance(rows, list)
    assert world.count(bookingStatusCodes="RC03").json() == {"count": len(rows)}
    assert {row["bookingStatusCode"] for row in rows} == {"RC03"}
    starts = [row["snapshotJson"]["startDateTime"] for row in rows]
    assert starts == sorted(starts)


def test_statuses_are_a_comma_list_and_empty_means_all() -> None:
    world = signed_in_world()

    both = world.count(bookingStatusCodes="RC03,RC08").json()["count"]
    every = world.count(bookingStatusCodes="").json()["count"]

    confirmed, completed = (
        world.count(bookingStatusCodes=c).json()["count"] for c in ("RC03", "RC08")
    )
    assert both == confirmed + completed
    assert every >= both


def test_use_date_range_selects_by_start_of_the_visit() -> None:
    world = signed_in_world()

    rows = world.list(**DAY, dateFilter="USEDATE").json()

    assert rows
    assert {row["startDate"] for row in rows} == {"2026-03-02"}


def test_registration_range_finds_far_bookings() -> None:
    world = signed_in_world()
    far = world.scene("ahead_45_days")
    days = {"startDateTime": "2026-02-28T15:00:00.000Z", "endDateTime": "2026-03-02T14:59:59.000Z"}

    by_registration = world.list(far.store, **days, dateFilter="REGDATE").json()
    by_use = world.list(far.store, **days, dateFilter="USEDATE").json()

    assert far.booking_id in [row["bookingId"] for row in by_registration]
    assert far.booking_id not in [row["bookingId"] for row in by_use]


@pytest.mark.parametrize(
    "params",
    [
        pytest.param({**DAY, "endDateTime": ""}, id="one end missing"),
        pytest.param({**DAY, "startDateTime": "2026-03-02T00:00:00"}, id="no zone"),
        pytest.param({**DAY, "startDateTime": "2026-03-02T00:00:00+09:00"}, id="offset style"),
        pytest.param({**DAY, "endDateTime": "2026-04-02T14:59:59.000Z"}, id="32 days"),
        pytest.param({**DAY, "endDateTime": "2026-02-01T00:00:00.000Z"}, id="backwards"),
        pytest.param({**DAY, "endDateTime": "2026-13-01T00:00:00.000Z"}, id="no such month"),
        pytest.param({"dateFilter": "BIRTHDAY"}, id="unknown date filter"),
        pytest.param({"orderByStartDate": "UP"}, id="unknown order"),
    ],
)
def test_unfit_parameters_are_refused_by_both_calls(params: dict[str, str]) -> None:
    world = signed_in_world()

    assert world.list(**params).status_code == 422
    assert world.count(**params).status_code == 422


def test_exactly_31_days_are_allowed() -> None:
    world = signed_in_world()
    days = {"startDateTime": "2026-03-01T15:00:00.000Z", "endDateTime": "2026-04-01T15:00:00.000Z"}

    assert world.list(**days).status_code == 200


def test_pages_count_from_zero_and_hold_at_most_fifty() -> None:
    world = signed_in_world(stores=1, bookings=130)
    params = {"bookingStatusCodes": "", "orderByStartDate": "ASC"}
    count = world.count(**params).json()["count"]

    pages = [world.list(**params, page=page, size=500).json() for page in range(4)]

    assert [len(page) for page in pages[:2]] == [50, 50]
    ids = [row["bookingId"] for page in pages for row in page]
    assert len(ids) == len(set(ids)) == count


def test_descending_order_turns_the_list_around() -> None:
    world = signed_in_world()

    up = [row["bookingId"] for row in world.list(orderByStartDate="ASC").json()]
    down = [row["bookingId"] for row in world.list(orderByStartDate="DESC").json()]

    assert down == up[::-1]


def test_unknown_store_and_booking_are_not_found() -> None:
    world = signed_in_world()

    assert world.list("900199").status_code == 404
    assert world.count("900199").status_code == 404
    assert world.booking.get("/api/businesses/900101/bookings/1").status_code == 404


def test_detail_shows_one_booking_but_none_before_its_registration() -> None:
    world = signed_in_world()
    new = world.scene("new_1400_inside")
    path = f"/api/businesses/{new.store}/bookings/{new.booking_id}"

    assert world.at("13:40").booking.get(path).status_code == 404
    assert world.at("14:00").booking.get(path).json()["bookingStatusCode"] == "RC03"


@pytest.mark.parametrize(
    ("form", "status"),
    [
        pytest.param("expired_redirect", 302, id="redirect"),
        pytest.param("expired_401", 401, id="401"),
        pytest.param("expired_403", 403, id="403"),
        pytest.param("expired_landing", 302, id="landing"),
    ],
)
def test_expired_session_answers_in_the_configured_form(form: str, status: int) -> None:
    world = make_world()
    world.context.config.update_naver({"expired_form": form})

    assert world.count().status_code == status


def test_landing_ends_on_the_login_page_after_one_hop() -> None:
    world = signed_in_world()
    world.fault("naver_booking", "list", "expired_landing")

    first = world.list()
    second = world.booking.get("/landing")

    assert first.headers["location"] == "http://naver-booking.localhost/landing"
    assert second.headers["location"].startswith("http://naver-login.localhost/nidlogin.login?")


def test_session_ends_after_a_number_of_calls() -> None:
    world = signed_in_world()
    world.account.expire(after_calls=2)

    assert [world.count().status_code for _ in range(3)] == [200, 200, 302]


def test_partner_pages_must_be_visited_first_where_required() -> None:
    world = signed_in_world()
    world.context.config.update_naver({"require_partner_visit": True})

    assert world.count().status_code == 401
    assert world.booking.get("/bizes/900101/booking-list-view").status_code == 200
    assert world.count().status_code == 200


def test_human_pages_send_strangers_to_the_login_form() -> None:
    stranger, owner = make_world(), signed_in_world()

    for path in ("/", "/bizes/900101/booking-list-view"):
        assert "nidlogin.login" in stranger.booking.get(path).headers["location"]
    assert "별빛스튜디오 1호점" in owner.booking.get("/").text
    assert "<td>RC03</td>" in owner.booking.get("/bizes/900101/booking-list-view").text


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        pytest.param("http_500", 500, id="server error"),
        pytest.param("rate_limited", 429, id="rate"),
        pytest.param("expired_401", 401, id="401"),
        pytest.param("expired_403", 403, id="403"),
        pytest.param("expired_redirect", 302, id="redirect"),
    ],
)
def test_fault_hits_one_store_once(kind: str, status: int) -> None:
    world = signed_in_world()
    world.fault("naver_booking", "list", kind, match={"store": "900102"})

    answers = [world.list(store).status_code for store in ("900101", "900102", "900102")]

    assert answers == [200, status, 200]


def test_rate_limit_may_say_when_to_come_back() -> None:
    world = signed_in_world()
    world.fault("naver_booking", "count", "rate_limited", params={"retry_after": 3})

    assert world.count().headers["retry-after"] == "3"


def test_page_and_cut_body_where_data_is_due() -> None:
    world = signed_in_world()
    world.fault("naver_booking", "list", "html_instead_of_json")
    world.fault("naver_booking", "list", "truncated_json")

    page, cut = world.list(), world.list()

    assert page.headers["content-type"].startswith("text/html")
    assert (page.status_code, cut.status_code) == (200, 200)
    with pytest.raises(json.JSONDecodeError):
        cut.json()


@pytest.mark.parametrize("missing", ["snapshotJson", "phone", "snapshotJson.startDateTime"])
def test_one_booking_arrives_malformed(missing: str) -> None:
    world = signed_in_world()
    whole = world.list().json()
    facts = {"booking": whole[1]["bookingId"]}
    world.fault(
        "naver_booking", "render", "malformed_booking", params={"missing": missing}, match=facts
    )

    rows = world.list().json()

    parent, _, name = missing.rpartition(".")
    holder = rows[1][parent] if parent else rows[1]
    assert name not in holder
    assert rows[0] == whole[0]
    assert rows[2:] == whole[2:]


def test_masked_booking_hides_name_and_phone() -> None:
    world = signed_in_world()
    world.fault("naver_booking", "render", "masked")

    row = world.list().json()[0]

    assert row["isForcedPrivacyMasking"] is True
    assert "*" in row["name"]
    assert "***" in row["phone"]
    assert "***" in row["snapshotJson"]["phone"]


def _two_pages(change: str) -> tuple[list[int], list[int]]:
    world = signed_in_world(stores=1, bookings=120)
    whole = [row["bookingId"] for p in range(3) for row in world.list(page=p, size=50).json()]
    world.fault("naver_booking", "drift", "page_drift", params={"change": change})
    seen = [row["bookingId"] for p in range(3) for row in world.list(page=p, size=50).json()]
    return whole, seen


def test_inserted_booking_repeats_a_row_on_the_next_page() -> None:
    whole, seen = _two_pages("insert")

    assert seen[50] == seen[49]
    assert set(seen) == set(whole)


def test_removed_booking_skips_a_row_on_the_next_page() -> None:
    whole, seen = _two_pages("remove")

    assert set(whole) - set(seen) == {whole[50]}


def test_removed_booking_is_still_found_by_the_detail_call() -> None:
    world = signed_in_world(stores=1, bookings=120)
    first = world.list().json()[0]["bookingId"]
    world.fault("naver_booking", "drift", "page_drift", params={"change": "remove"})
    world.list(page=1)

    assert first not in [row["bookingId"] for row in world.list().json()]
    assert world.booking.get(f"/api/businesses/900101/bookings/{first}").status_code == 200
