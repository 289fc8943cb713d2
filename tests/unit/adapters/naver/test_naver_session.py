from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from booking_sms.adapters.naver.cookies import Cookies
from booking_sms.adapters.naver.session import NaverLoginSession, SessionPolicy
from booking_sms.domain.errors import (
    AccountLocked,
    AlertFailed,
    BrowserCrashed,
    CaptchaRequired,
    ExtractError,
    LoginBudgetSpent,
    LoginLayoutChanged,
    LoginRejected,
    NewDeviceRequired,
    SessionExpired,
    SessionNeedsPerson,
)
from booking_sms.ports import SessionRecord
from booking_sms.testing.clocks import FixedTransportClock
from booking_sms.testing.factories import NOW_MS
from booking_sms.testing.sessions import InMemorySessionStore

NOW = datetime.fromtimestamp(NOW_MS / 1000, UTC)


def cookies(name: str) -> Cookies:
    return ({"name": "NID_SES", "value": name, "domain": ".example", "path": "/"},)


OLD, NEW, OTHER = cookies("old"), cookies("new"), cookies("other")


class ScriptedLogin:
    """Gives these results in order; an error is raised after the password was sent."""

    def __init__(self, *results: Cookies | ExtractError) -> None:
        self.results = list(results)
        self.attempts = 0

    def sign_in(self, before_attempt: Callable[[], None]) -> Cookies:
        before_attempt()
        self.attempts += 1
        result = self.results.pop(0)
        if isinstance(result, ExtractError):
            raise result
        return result


class FreeLock:
    """A lock that others hold for the first ``busy`` questions."""

    def __init__(self, busy: int = 0) -> None:
        self.busy = busy
        self.owner: str | None = None
        self.released = 0

    def acquire(self, owner: str, ttl: timedelta) -> bool:
        assert ttl > timedelta(minutes=1)
        self.busy -= 1
        if self.busy >= 0:
            return False
        self.owner = owner
        return True

    def release(self, owner: str) -> None:
        assert owner == self.owner
        self.released += 1


class World:
    """A session with everything it touches; ``good`` are the cookies that the API takes."""

    def __init__(
        self,
        record: SessionRecord | None = None,
        *results: Cookies | ExtractError,
        good: tuple[Cookies, ...] = (NEW,),
        lock: FreeLock | None = None,
        **options: Any,
    ) -> None:
        self.store = InMemorySessionStore(record)
        self.login = ScriptedLogin(*results)
        self.lock = lock or FreeLock()
        self.clock = FixedTransportClock(NOW_MS)
        self.good = good
        self.probe_answers = True
        self.blocked: list[SessionNeedsPerson] = []
        self.probed: list[Cookies] = []
        self.slept: list[float] = []
        self.options = {"on_blocked": self.blocked.append, "sleep": self.slept.append, **options}
        self.session = self.another_process()

    def another_process(self) -> NaverLoginSession:
        return NaverLoginSession(
            store=self.store,
            probe=self.probe,
            login=self.login,
            lock=self.lock,
            clock=self.clock,
            **self.options,
        )

    def probe(self, asked: Cookies) -> bool | None:
        self.probed.append(asked)
        return asked in self.good if self.probe_answers else None


def valid(stored: Cookies) -> SessionRecord:
    return SessionRecord(cookies=stored, state="VALID", renewed_at=NOW - timedelta(days=1))


def test_good_cookies_need_no_browser_and_no_write():
    world = World(valid(OLD), good=(OLD,))

    assert world.session.ensure_valid() == {
        "state": "VALID",
        "renewed": False,
        "browser_started": False,
        "verified": True,
    }
    assert world.session.cookies() == OLD
    assert world.store.writes == 0


def test_expired_cookies_are_renewed_and_stored():
    world = World(valid(OLD), NEW)

    told = world.session.ensure_valid()

    assert told["renewed"]
    assert told["browser_started"]
    assert world.session.cookies() == NEW
    assert world.store.record == SessionRecord(
        cookies=NEW, state="VALID", failed_attempts=0, last_attempt_at=NOW, renewed_at=NOW
    )
    assert world.lock.released == 1


def test_the_very_first_login_probes_nothing_before():
    world = World(None, NEW)

    world.session.ensure_valid()

    assert world.probed == [NEW]


def test_an_api_that_cannot_be_asked_starts_no_browser():
    world = World(valid(OLD))
    world.probe_answers = False

    assert world.session.ensure_valid()["verified"] is False
    assert world.login.attempts == 0


def test_a_login_that_the_api_cannot_judge_is_taken():
    world = World(None, NEW)
    world.probe_answers = False

    world.session.ensure_valid()

    assert world.store.record.state == "VALID"


@pytest.mark.parametrize(
    ("wall", "state"),
    [
        (CaptchaRequired, "CAPTCHA"),
        (NewDeviceRequired, "NEW_DEVICE"),
        (AccountLocked, "LOCKED"),
        (LoginRejected, "BAD_CREDENTIALS"),
        (LoginLayoutChanged, "LAYOUT_CHANGED"),
    ],
)
def test_a_wall_stops_all_tries_until_a_person_resets(wall, state):
    world = World(valid(OLD), wall(), NEW)

    with pytest.raises(wall):
        world.session.ensure_valid()
    for _ in range(3):
        with pytest.raises(wall):
            world.another_process().ensure_valid()

    assert world.store.record.state == state
    assert world.login.attempts == 1
    assert [type(error) for error in world.blocked] == [wall]

    world.session.reset(by="owner")

    assert world.another_process().ensure_valid()["renewed"]


def test_a_wall_blocks_extract_tasks_as_well():
    world = World(SessionRecord(cookies=OLD, state="CAPTCHA"), NEW)

    with pytest.raises(CaptchaRequired):
        world.session.replace_refused(world.session.cookies())

    assert world.login.attempts == 0


def test_every_try_is_written_down_before_it_is_made():
    world = World(None)
    seen: list[SessionRecord] = []

    class DyingLogin:
        def sign_in(self, before_attempt: Callable[[], None]) -> Cookies:
            before_attempt()
            seen.append(world.store.record)
            raise KeyboardInterrupt

    world.login = DyingLogin()

    with pytest.raises(KeyboardInterrupt):
        world.another_process().ensure_valid()

    assert seen[0].failed_attempts == 1
    assert world.store.record.failed_attempts == 1
    assert world.lock.released == 1


def test_the_budget_stops_the_fourth_try_of_a_day():
    world = World(None, *[BrowserCrashed()] * 9)

    for _ in range(3):
        with pytest.raises(BrowserCrashed):
            world.another_process().ensure_valid()
    with pytest.raises(LoginBudgetSpent):
        world.another_process().ensure_valid()
    world.clock.advance(timedelta(days=2))
    with pytest.raises(LoginBudgetSpent):
        world.another_process().ensure_valid()

    assert world.login.attempts == 3
    assert world.store.record.state == "BUDGET_SPENT"
    assert len(world.blocked) == 1


def test_the_budget_counts_a_restart_of_the_browser():
    world = World(None, policy=SessionPolicy(attempts_per_day=1))

    class RestartingLogin:
        def sign_in(self, before_attempt: Callable[[], None]) -> Cookies:
            before_attempt()
            before_attempt()
            return NEW

    world.login = RestartingLogin()

    with pytest.raises(LoginBudgetSpent):
        world.another_process().ensure_valid()

    assert world.store.record.state == "BUDGET_SPENT"


def test_failures_of_another_day_do_not_count():
    old = NOW - timedelta(hours=25)
    world = World(SessionRecord(failed_attempts=3, last_attempt_at=old), BrowserCrashed())

    with pytest.raises(BrowserCrashed):
        world.session.ensure_valid()

    assert world.store.record.failed_attempts == 1


def test_fresh_cookies_that_the_api_refuses_are_a_failed_try():
    world = World(None, OTHER, OTHER, OTHER)

    for _ in range(3):
        with pytest.raises(SessionExpired):
            world.another_process().ensure_valid()
    with pytest.raises(LoginBudgetSpent):
        world.another_process().ensure_valid()

    assert world.login.attempts == 3


def test_what_another_process_renewed_is_taken_over():
    world = World(valid(OLD))
    assert world.session.cookies() == OLD
    world.store.save(valid(NEW))

    assert world.session.replace_refused(OLD) == NEW
    assert world.login.attempts == 0


def test_what_another_thread_renewed_is_taken_over():
    world = World(valid(OLD), NEW)
    world.session.cookies()

    assert world.session.replace_refused(OLD) == NEW
    assert world.session.replace_refused(OLD) == NEW
    assert world.login.attempts == 1


def test_a_refusal_of_one_store_alone_starts_no_login():
    world = World(valid(OLD), good=(OLD,))

    assert world.session.replace_refused(world.session.cookies()) == OLD
    assert world.login.attempts == 0


def test_a_refusal_that_nobody_can_judge_starts_no_login():
    world = World(valid(OLD))
    world.probe_answers = False

    with pytest.raises(SessionExpired):
        world.session.replace_refused(world.session.cookies())

    assert world.login.attempts == 0


def test_a_run_renews_at_most_once():
    world = World(valid(OLD), NEW, OTHER)
    world.session.replace_refused(world.session.cookies())
    world.good = (OTHER,)

    with pytest.raises(SessionExpired, match="already"):
        world.session.replace_refused(NEW)
    assert world.login.attempts == 1

    world.session.ensure_valid()
    assert world.login.attempts == 2


def test_while_another_process_logs_in_we_wait_and_take_its_session():
    world = World(valid(OLD), lock=FreeLock(busy=99))

    def other_process_finishes(seconds: float) -> None:
        world.slept.append(seconds)
        if len(world.slept) == 3:
            world.store.save(valid(NEW))

    world.options["sleep"] = other_process_finishes

    told = world.another_process().ensure_valid()

    assert told["renewed"]
    assert not told["browser_started"]
    assert world.slept == [2.0] * 3


def test_a_login_of_another_process_that_never_ends_is_not_awaited_for_ever():
    world = World(valid(OLD), lock=FreeLock(busy=10_000))

    with pytest.raises(SessionExpired):
        world.session.ensure_valid()

    assert sum(world.slept) == 240


def test_the_store_is_read_again_under_the_lock():
    world = World(valid(OLD))
    taken = world.lock.acquire

    def take_after_another_finished(owner: str, ttl: timedelta) -> bool:
        world.store.save(valid(NEW))
        return taken(owner, ttl)

    world.lock.acquire = take_after_another_finished

    assert world.session.replace_refused(OLD) == NEW
    assert world.login.attempts == 0


def test_borrowed_cookies_are_read_and_never_replaced():
    world = World(SessionRecord(cookies=OLD), borrowed=True, good=(OLD,))

    assert world.session.ensure_valid()["state"] == "VALID"

    world.good = ()
    with pytest.raises(SessionExpired):
        world.session.ensure_valid()
    with pytest.raises(SessionExpired):
        world.session.replace_refused(OLD)
    assert world.store.writes == 0
    assert world.login.attempts == 0


def test_borrowed_cookies_that_the_owner_renewed_are_followed():
    world = World(SessionRecord(cookies=OLD), borrowed=True)
    world.session.cookies()
    world.store.record = SessionRecord(cookies=NEW)

    assert world.session.replace_refused(OLD) == NEW


def test_a_page_that_cannot_be_delivered_hides_nothing():
    def fail(error: SessionNeedsPerson) -> None:
        raise AlertFailed

    world = World(None, CaptchaRequired(), on_blocked=fail)

    with pytest.raises(CaptchaRequired):
        world.session.ensure_valid()

    assert world.store.record.state == "CAPTCHA"


def test_a_stored_session_that_works_again_is_noted():
    world = World(SessionRecord(cookies=OLD, state="EXPIRED", reason="x"), good=(OLD,))

    world.session.ensure_valid()

    assert (world.store.record.state, world.store.record.reason) == ("VALID", "")
