"""Another Naver than the sandbox's: one environment variable, and runs log in and read there."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest

from .naver_server import OtherNaver, booking, run_other_naver
from .world import AT, FIRST_STORE, Installation

pytestmark = pytest.mark.integration

NAVER = "AIRFLOW_CONN_NAVER_DEFAULT"
NOW = datetime.fromisoformat(AT)


def many(count: int, store: str = FIRST_STORE, first: int = 1) -> list[dict[str, object]]:
    """Confirmed visits on the days to come, none of them due for a guide."""
    starts = [NOW + timedelta(hours=6 + 8 * n) for n in range(count)]
    return [booking(first + n, store, start) for n, start in enumerate(starts)]


@pytest.fixture
def waiting(chain: Installation) -> Installation:
    """Nothing is sent: these tests are about reading."""
    chain.app.control.set_delivery_mode("off", by="acceptance", reason="reading only")
    return chain


def confirmed_in(chain: Installation) -> set[str]:
    return {job["booking_num"] for job in chain.jobs() if job["kind"] == "confirm"}


def numbers(naver: OtherNaver) -> set[str]:
    return {f"{one['businessId']}_{one['bookingId']}" for one in naver.bookings}


def keep_other_session(chain: Installation, naver: OtherNaver) -> None:
    """What a login of an earlier run left."""
    host = urlsplit(naver.booking_url).hostname
    cookies = naver.open_session().items()
    chain.keep_session(
        tuple({"name": n, "value": v, "domain": host, "path": "/"} for n, v in cookies)
    )


@pytest.mark.browser
def test_run_logs_in_there_reads_every_page_and_needs_no_browser_again(
    waiting: Installation,
) -> None:
    waiting.forget_session()
    bookings = [*many(66), *many(3, "900105", first=100)]
    cancelled = booking(200, FIRST_STORE, NOW + timedelta(days=1), "RC04")
    with run_other_naver(bookings=[*bookings, cancelled]) as naver:
        first = waiting.run(**{NAVER: naver.connection()})
        second = waiting.run(**{NAVER: naver.connection()})

        assert naver.refused == []
        assert (first["session"]["browser_started"], second["session"]["browser_started"]) == (
            True,
            False,
        )
        assert naver.logins == 1
    assert first["bookings"] == {f"9001{n:02d}": {1: 67, 5: 3}.get(n, 0) for n in range(1, 9)}
    assert confirmed_in(waiting) == numbers(naver) - {f"{FIRST_STORE}_7000000200"}
    assert second["planned"]["planned"] == 0


@pytest.mark.browser
@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param({"partner_pages": False}, id="no page to warm up on"),
        pytest.param(
            {"host": "localhost"}, id="this machine is called localhost", marks=pytest.mark.long
        ),
    ],
)
def test_login_needs_no_more_than_the_form(
    waiting: Installation, behaviour: dict[str, object]
) -> None:
    waiting.forget_session()
    with run_other_naver(bookings=many(2), **behaviour) as naver:
        ran = waiting.run(**{NAVER: naver.connection()})

        assert ran["session"]["browser_started"] is True
        assert (naver.logins, naver.refused) == (1, [])
    assert confirmed_in(waiting) == numbers(naver)


@pytest.mark.browser
@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param({"expired_form": "redirect", "layout": "column"}, id="redirect, column"),
        pytest.param(
            {"expired_form": "landing", "layout": "old"},
            id="landing, old button",
            marks=pytest.mark.long,
        ),
        pytest.param(
            {"expired_form": "403", "leave_by_script": True},
            id="403, leaves by script",
            marks=pytest.mark.long,
        ),
        pytest.param(
            {"expired_form": "html", "layout": "row"}, id="html, row", marks=pytest.mark.long
        ),
    ],
)
def test_session_that_expires_in_the_middle_is_renewed_once(
    waiting: Installation, behaviour: dict[str, object]
) -> None:
    """The way in which it shows, and how the login page looks that day."""
    with run_other_naver(bookings=many(60), expire_after=5, **behaviour) as naver:
        keep_other_session(waiting, naver)

        ran = waiting.run(**{NAVER: naver.connection()})

        assert naver.logins == 1
    assert ran["failed_stores"] == []
    assert ran["session"]["renewed"] is False, "it was good when the run began"
    assert confirmed_in(waiting) == numbers(naver)
