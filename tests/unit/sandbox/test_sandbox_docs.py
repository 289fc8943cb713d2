"""The README names every control call and every fault of Naver, and no others."""

import re
from pathlib import Path

import pytest
from starlette.routing import Route

import sandbox
from sandbox.app import build_context
from sandbox.control import urls
from sandbox.naver_booking.errors import FAULT_KINDS as BOOKING_FAULTS
from sandbox.naver_login.errors import FAULT_KINDS as LOGIN_FAULTS
from sandbox.world.recipe import Recipe

README = (Path(sandbox.__file__).parent / "README.md").read_text(encoding="utf-8")


def test_every_control_call_is_documented() -> None:
    routes = urls.routes(build_context(Recipe(bookings=0)))
    calls = {
        f"{method} {re.sub(r':[a-z]+', '', route.path)}"
        for route in routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }

    documented = set(re.findall(r"`((?:GET|PUT|POST|DELETE) /control/[^`?]*)`", README))

    assert documented == calls


@pytest.mark.parametrize(
    ("service", "kinds"),
    [
        pytest.param("naver_login", LOGIN_FAULTS, id="login"),
        pytest.param("naver_booking", BOOKING_FAULTS, id="booking"),
    ],
)
def test_every_fault_is_documented(service: str, kinds: dict[str, tuple[str, ...]]) -> None:
    rows = re.findall(rf"^\| {service} \| `(\w+)` \| ([\w, ]+) \|", README, re.MULTILINE)

    assert {kind: tuple(where.split(", ")) for kind, where in rows} == dict(kinds)
