"""Plays the start of a run against a stored session, without Naver: the login's own machine.

The machine is the real one. What it meets is written in the case: which cookies the booking API
takes, and what the portal answers to a login.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from structlog.testing import capture_logs

from booking_sms.adapters.naver.cookies import Cookies
from booking_sms.adapters.naver.session import NEEDS_PERSON, NaverLoginSession
from booking_sms.domain.errors import BookingSmsError, SessionNeedsPerson
from booking_sms.parity.session_case import SessionCase
from booking_sms.ports import SessionRecord
from booking_sms.testing import FixedTransportClock, InMemoryLoginLock, InMemorySessionStore

STORED: Cookies = ({"name": "NID_SES", "value": "stored"},)
FRESH: Cookies = ({"name": "NID_SES", "value": "fresh"},)
_WALLS = {error.__name__: error for error in NEEDS_PERSON.values()}
Outcome = dict[str, Any]


class _Portal:
    """Answers a login as the case says; counts them."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.logins = 0

    def sign_in(self, before_attempt: Callable[[], None]) -> Cookies:
        before_attempt()
        self.logins += 1
        if self.answer in _WALLS:
            raise _WALLS[self.answer](reason="as the case says")
        return FRESH


def session_outcome(case: SessionCase) -> Outcome:
    """What ``open_session`` comes to: its answer or error, what is stored after, who was told."""
    store, portal = InMemorySessionStore(_record(case)), _Portal(case.portal)
    told: list[SessionNeedsPerson] = []
    session = _machine(case, store, portal, told)
    answer: Mapping[str, Any]
    try:
        with capture_logs():  # "a person is needed" must not be counted: nobody is
            answer = dict(session.ensure_valid())
    except BookingSmsError as error:
        answer = {"raises": error.code}
    return {
        "id": case.id,
        "session": answer,
        "stored": _shown(store.record),
        "saves": store.writes,
        "logins": portal.logins,
        "people_told": len(told),
    }


def _machine(
    case: SessionCase,
    store: InMemorySessionStore,
    portal: _Portal,
    told: list[SessionNeedsPerson],
) -> NaverLoginSession:
    clock = FixedTransportClock(int(case.now.timestamp() * 1000))
    return NaverLoginSession(
        store=store,
        probe=lambda cookies: case.takes.get("fresh" if cookies == FRESH else "stored"),
        login=portal,
        lock=InMemoryLoginLock(clock),
        clock=clock,
        borrowed=case.borrowed,
        on_blocked=told.append,
        sleep=lambda _: None,
    )


def _record(case: SessionCase) -> SessionRecord | None:
    if case.stored is None:
        return None
    return SessionRecord(
        cookies=STORED if case.stored.has_cookies else (),
        state=case.stored.state,
        failed_attempts=case.stored.failed_attempts,
        last_attempt_at=case.stored.last_attempt_at,
    )


def _shown(record: SessionRecord | None) -> Outcome | None:
    if record is None:
        return None
    cookies = tuple(record.cookies)
    return {
        "state": str(record.state),
        "cookies": "fresh" if cookies == FRESH else "stored" if cookies else "none",
        "failed_attempts": record.failed_attempts,
    }
