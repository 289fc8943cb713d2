"""The control API: what tests and people drive the world with."""

from typing import Any

import pytest
from naver_world import make_world, signed_in_world


def test_health_names_every_service() -> None:
    world = make_world()
    world.context.urls = {"sens": "http://127.0.0.1:1"}

    assert world.control.get("/control/health").json() == {
        "status": "ok",
        "services": {"sens": "http://127.0.0.1:1"},
    }


def test_state_of_all_and_of_one_service() -> None:
    world = make_world()

    everything = world.control.get("/control/state").json()

    assert set(everything) == {
        "world",
        "naver_login",
        "naver_booking",
        "sens",
        "telegram",
        "slack",
    }
    assert world.control.get("/control/state/sens").json() == everything["sens"]
    unknown = world.control.get("/control/state/fax")
    assert (unknown.status_code, unknown.json()["error"]["field"]) == (404, "service")


def test_clock_is_shown_set_and_advanced() -> None:
    world = make_world()

    world.control.put("/control/clock", json={"now": "2026-03-02T14:00:00+09:00"})
    answer = world.control.post("/control/clock/advance", json={"seconds": 1200})

    assert answer.json() == {
        "now": "2026-03-02T14:20:00+09:00",
        "mode": "fixed",
        "timezone": "Asia/Seoul",
    }
    assert world.control.put("/control/clock", json={"mode": "ticking"}).json()["mode"] == "ticking"
    assert world.control.get("/control/clock").json()["now"].startswith("2026-03-02T14:20")


def test_real_clock_cannot_be_advanced() -> None:
    world = make_world()
    world.control.put("/control/clock", json={"mode": "real"})

    answer = world.control.post("/control/clock/advance", json={"seconds": 1})

    assert (answer.status_code, answer.json()["error"]["field"]) == (409, "mode")


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        pytest.param("PUT", "/control/clock", {"now": "noon"}, "now", id="no instant"),
        pytest.param("PUT", "/control/clock", {"when": 1}, "when", id="unknown field"),
        pytest.param("POST", "/control/seed", {"stores": 0}, "stores", id="too small"),
        pytest.param("POST", "/control/reset", {"services": ["fax"]}, "service", id="no service"),
        pytest.param("POST", "/control/faults", {"service": "sens"}, "kind", id="no kind"),
        pytest.param("POST", "/control/faults", [], "body", id="no object"),
        pytest.param("PUT", "/control/config", {"fax": {}}, "fax", id="no section"),
        pytest.param("PUT", "/control/config", {"naver": 1}, "naver", id="no settings"),
        pytest.param(
            "PUT", "/control/config", {"naver": {"x": 1}}, "naver.x", id="unknown setting"
        ),
        pytest.param("PUT", "/control/config", {"sens": {"x": 1}}, "sens.x", id="unknown in sens"),
        pytest.param(
            "POST", "/control/naver/bookings", {"store": "1"}, "store", id="unknown store"
        ),
    ],
)
def test_errors_name_the_field(method: str, path: str, body: Any, field: str) -> None:
    answer = make_world().control.request(method, path, json=body)

    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]["field"] == field


def test_body_that_is_no_json_is_refused() -> None:
    answer = make_world().control.post("/control/seed", content=b"{")

    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "body")


def test_seed_makes_another_world_and_sets_the_clock() -> None:
    world = make_world()
    body = {"at": "2026-05-01T09:00:00+09:00", "seed": 5, "stores": 2, "bookings": 70}

    recipe = world.control.post("/control/seed", json=body).json()["recipe"]

    assert recipe == body
    assert world.control.get("/control/clock").json()["now"] == body["at"]
    assert len(list(world.world.all())) == 70


def test_reset_of_one_service_leaves_the_rest() -> None:
    world = make_world()
    world.account.open_session(world.context.config.naver)
    world.fault("sens", "send", "refuse")

    world.control.post("/control/reset", json={"services": ["naver_login"]})

    assert world.account.sessions == {}
    assert len(world.context.faults.list()) == 1


def test_full_reset_returns_to_the_first_instant() -> None:
    world = make_world().at("20:00")
    world.fault("sens", "send", "refuse")
    world.login.get("/nidlogin.login")

    world.control.post("/control/reset")

    assert world.context.clock.now() == world.world.recipe.at
    assert world.context.faults.list() == []
    assert world.control.get("/control/requests?service=naver_login").json() == {}


def test_fault_without_operation_goes_to_the_first_of_its_kind_and_star_to_all() -> None:
    world = make_world()
    body = {"service": "naver_booking", "kind": "http_500"}

    first = world.control.post("/control/faults", json=body).json()
    every = world.control.post("/control/faults", json=body | {"operation": "*"}).json()

    assert first["operation"] == "list"
    assert every["operation"] == "list,count,detail,page"
    assert [fault["id"] for fault in world.control.get("/control/faults").json()] == [1, 2]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"service": "fax"}, "service", id="service"),
        pytest.param({"kind": "gremlin"}, "kind", id="kind"),
        pytest.param({"operation": "render"}, "operation", id="operation"),
        pytest.param({"times": 0}, "times", id="times"),
    ],
)
def test_unknown_fault_is_refused(change: dict[str, Any], field: str) -> None:
    body = {"service": "naver_booking", "kind": "http_500"} | change

    answer = make_world().control.post("/control/faults", json=body)

    assert answer.json()["error"]["field"] == field


def test_every_service_lists_its_fault_kinds() -> None:
    kinds = make_world().control.get("/control/faults/kinds").json()

    assert set(kinds) == {"naver_login", "naver_booking", "sens", "telegram", "slack"}
    assert kinds["naver_login"]["captcha"] == ["login", "page"]


def test_faults_are_cleared_by_id_by_service_and_all() -> None:
    world = make_world()
    for service in ("sens", "sens", "telegram"):
        world.fault(service, "send", "refuse")

    cleared = [
        world.control.delete(path).json()["cleared"]
        for path in ("/control/faults/1", "/control/faults?service=telegram", "/control/faults")
    ]

    assert cleared == [1, 1, 1]


def test_booking_is_added_with_defaults() -> None:
    world = signed_in_world()

    added = world.control.post("/control/naver/bookings", json={"store": "900101"})

    row = added.json()
    assert (added.status_code, row["status_now"]) == (201, "RC03")
    assert row["phone"].startswith("0100")
    assert row["start"] == "2026-03-03T14:00:00+09:00"
    assert row["booking_id"] in [one["bookingId"] for one in world.list().json()]
    assert row["name"] in world.control.get("/control/naver/canaries").json()["names"]


def test_booking_is_changed_field_by_field() -> None:
    world = signed_in_world()
    old = world.scene("far_away")
    key = {"store": old.store, "booking_id": old.booking_id}
    change = {
        **key,
        "phone": "01000007777",
        "options": ["인스타 이벤트", {"name": "조명", "count": 2, "price": 3000}],
        "edits": {"snapshotJson.couponJson": [{"couponName": "개업"}], "memberId": 7},
        "removed": ["email"],
    }

    changed = world.control.post("/control/naver/bookings", json=change)

    assert changed.status_code == 200
    path = f"/control/naver/bookings/{old.store}/{old.booking_id}"
    payload = world.control.get(path).json()
    assert payload["phone"] == "01000007777"
    assert payload["name"] == old.name
    assert [option["name"] for option in payload["bookingOptionJson"]] == ["인스타 이벤트", "조명"]
    assert payload["snapshotJson"]["couponJson"] == [{"couponName": "개업"}]
    assert payload["memberId"] == 7
    assert "email" not in payload


def test_edit_that_does_not_fit_is_refused_and_changes_nothing() -> None:
    world = make_world()
    old = world.scene("far_away")
    key = {"store": old.store, "booking_id": old.booking_id}

    answer = world.control.post(
        "/control/naver/bookings", json=key | {"name": "x", "edits": {"a.b.c": 1}}
    )

    assert answer.json()["error"]["field"] == "edits"
    assert world.scene("far_away").name == old.name


def test_bookings_are_listed_by_scenario_store_and_status() -> None:
    world = make_world()

    found = world.control.get("/control/naver/bookings?status_now=RC99").json()

    assert [row["scenario"] for row in found] == ["unknown_status"]
    assert len(world.control.get("/control/naver/bookings").json()) == 60
    assert len(world.control.get("/control/naver/bookings?limit=3").json()) == 3


def test_sessions_expire_on_request() -> None:
    world = signed_in_world()

    hit = world.control.post("/control/naver/expire-sessions").json()

    assert hit == {"sessions": 1}
    assert world.count().status_code == 302
    assert world.control.get("/control/naver/account").json()["valid_sessions"] == 0


def test_settings_of_every_service_are_reached() -> None:
    world = make_world()
    changes = {"naver": {"expired_form": "expired_401"}, "sens": {"list_delay_s": 2}}

    answer = world.control.put("/control/config", json=changes).json()

    assert answer["naver"]["expired_form"] == "expired_401"
    assert answer["sens"]["list_delay_s"] == 2
    assert world.count().status_code == 401


def test_requests_are_counted_by_path_without_bodies() -> None:
    world = signed_in_world()
    world.count(page=0)
    world.submit(pw="a secret word")

    report = world.control.get("/control/requests").json()

    path = "GET /v3.1/businesses/900101/bookings/count"
    assert report["naver_booking"]["counts"] == {path: 1}
    assert report["naver_booking"]["last"][0]["query"] == "page=0"
    assert "secret" not in str(report)
    world.control.delete("/control/requests")
    assert "naver_booking" not in world.control.get("/control/requests").json()
