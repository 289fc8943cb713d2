"""The Naver login as a state machine that protects the account.

| State | Left by |
|---|---|
| VALID | the probe or an API call is refused -> EXPIRED |
| EXPIRED (also: never logged in) | a login -> VALID, or the wall it met |
| CAPTCHA, NEW_DEVICE, LOCKED, BAD_CREDENTIALS, LAYOUT_CHANGED, BUDGET_SPENT | a person: ``reset`` |

The stored cookies are probed with one cheap HTTP call before any browser starts. Every try is
counted in the store before the password is sent, so that a crash counts as well. A state that
needs a person stops all further tries, on every machine.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

import structlog

from booking_sms.adapters.naver.cookies import Cookies
from booking_sms.domain.errors import (
    AccountLocked,
    AlertFailed,
    CaptchaRequired,
    LoginBudgetSpent,
    LoginLayoutChanged,
    LoginRejected,
    NewDeviceRequired,
    SessionExpired,
    SessionNeedsPerson,
)
from booking_sms.ports import LoginLock, SessionRecord, SessionStore, TransportClock

log = structlog.get_logger(__name__)


class SessionState(StrEnum):
    """State of the login as it is stored."""

    VALID = "VALID"
    EXPIRED = "EXPIRED"
    CAPTCHA = "CAPTCHA"
    NEW_DEVICE = "NEW_DEVICE"
    LOCKED = "LOCKED"
    BAD_CREDENTIALS = "BAD_CREDENTIALS"
    LAYOUT_CHANGED = "LAYOUT_CHANGED"
    BUDGET_SPENT = "BUDGET_SPENT"


NEEDS_PERSON: Mapping[str, type[SessionNeedsPerson]] = {
    error.state: error
    for error in (
        CaptchaRequired,
        NewDeviceRequired,
        AccountLocked,
        LoginRejected,
        LoginLayoutChanged,
        LoginBudgetSpent,
    )
}


class Login(Protocol):
    """Signs in once; see ``NaverLogin``."""

    def sign_in(self, before_attempt: Callable[[], None]) -> Cookies:
        """Cookies of a fresh login; ``before_attempt`` is called before the password is sent."""
        ...


Probe = Callable[[Cookies], bool | None]
"""Whether the booking API takes these cookies; None when it cannot be told right now."""


@dataclass(frozen=True, kw_only=True)
class SessionPolicy:
    """How careful to be with the account. Seconds, unless said otherwise."""

    attempts_per_day: int = 3
    lock_ttl: timedelta = timedelta(minutes=5)
    lock_wait_s: float = 240.0
    lock_poll_s: float = 2.0


_BUDGET_PERIOD = timedelta(hours=24)


class NaverLoginSession:
    """ports.NaverSession over a session store; shared by the threads of one process.

    :param store: the stored session; every process sees the same one.
    :param probe: asks the booking API whether cookies are good, without a browser.
    :param login: signs in with a browser.
    :param lock: one login at a time over all machines.
    :param clock: real time, for the attempt budget.
    :param borrowed: comparison mode: the store gives the predecessor's cookies, which are read
        and never replaced; no login, no write.
    :param on_blocked: called once when the session comes to need a person.
    """

    def __init__(
        self,
        *,
        store: SessionStore,
        probe: Probe,
        login: Login,
        lock: LoginLock,
        clock: TransportClock,
        policy: SessionPolicy | None = None,
        borrowed: bool = False,
        on_blocked: Callable[[SessionNeedsPerson], object] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._probe = probe
        self._login = login
        self._lock = lock
        self._clock = clock
        self._policy = policy or SessionPolicy()
        self._borrowed = borrowed
        self._on_blocked = on_blocked
        self._sleep = sleep
        self._owner = uuid.uuid4().hex
        self._mutex = threading.RLock()
        self._cookies: Cookies | None = None
        self._renewals = 0
        self._logins = 0

    def ensure_valid(self) -> Mapping[str, Any]:
        """Start of a run: make sure that the booking API lets us in.

        Returns state, renewed, browser_started and verified (False when the API could not be
        asked; each store then speaks for itself). Raises SessionNeedsPerson, or SessionExpired
        and other retryable ExtractErrors.
        """
        with self._mutex:
            self._renewals = self._logins = 0
            record = self._load()
            self._raise_if_blocked(record)
            self._cookies = tuple(record.cookies)
            verdict = self._probe(self._cookies) if self._cookies else False
            if verdict is False:
                self._renew(self._cookies)
            elif verdict and record.state != SessionState.VALID:
                self._save(replace(record, state=SessionState.VALID, reason=""))
            return {
                "state": SessionState.VALID.value,
                "renewed": verdict is False,
                "browser_started": self._logins > 0,
                "verified": verdict is not None,
            }

    def cookies(self) -> Cookies:
        """The cookies to use now; read from the store once."""
        with self._mutex:
            if self._cookies is None:
                self._cookies = tuple(self._load().cookies)
            return self._cookies

    def replace_refused(self, refused: Cookies) -> Cookies:
        """Cookies to try instead of those that an API call was refused with.

        In this order: those that another thread or process has renewed meanwhile; the same
        ones when the probe still takes them (the refusal was that store's own, and no login
        would help); those of one new login. At most one renewal per run: after that
        SessionExpired.
        """
        with self._mutex:
            if self._cookies is not None and self._cookies != refused:
                return self._cookies
            if self._adopt_renewed(refused):
                return self.cookies()
            verdict = self._probe(refused) if refused else False
            if verdict:
                return refused
            if verdict is None:
                raise SessionExpired(reason="the probe cannot tell whether a login would help")
            if self._renewals:
                raise SessionExpired(reason="renewed in this run already")
            self._renewals += 1
            self._renew(refused)
            return self.cookies()

    def reset(self, *, by: str) -> None:
        """A person has cleared the way: logins may be tried again, with a full budget."""
        record = self._load()
        state, reason = SessionState.EXPIRED, f"reset by {by}"
        self._save(replace(record, state=state, failed_attempts=0, reason=reason))

    def _load(self) -> SessionRecord:
        return self._store.load() or SessionRecord()

    def _save(self, record: SessionRecord) -> None:
        if not self._borrowed:
            self._store.save(record)

    def _raise_if_blocked(self, record: SessionRecord) -> None:
        error = NEEDS_PERSON.get(record.state)
        if error is not None and not self._borrowed:
            raise error(reason=record.reason, since=record.last_attempt_at)

    def _adopt_renewed(self, refused: Cookies) -> bool:
        """Take over what another process has stored since, if it is another session."""
        record = self._load()
        cookies = tuple(record.cookies)
        renewed = bool(cookies) and cookies != refused
        if not renewed or (record.state != SessionState.VALID and not self._borrowed):
            return False
        self._cookies = cookies
        return True

    def _renew(self, refused: Cookies) -> None:
        """Log in, or adopt what another process logs in for while we wait for the lock."""
        if self._borrowed:
            raise SessionExpired(reason="the borrowed session is not ours to renew")
        waited = 0.0
        while not self._lock.acquire(self._owner, self._policy.lock_ttl):
            if waited >= self._policy.lock_wait_s:
                raise SessionExpired(reason="another login takes too long")
            self._sleep(self._policy.lock_poll_s)
            waited += self._policy.lock_poll_s
            if self._adopt_renewed(refused):
                return
        try:
            if not self._adopt_renewed(refused):
                self._sign_in()
        finally:
            self._lock.release(self._owner)

    def _sign_in(self) -> None:
        """One login by browser. Fresh cookies that the API refuses count as a failed try."""
        self._raise_if_blocked(self._load())
        try:
            self._raise_if_spent(self._load())
            self._logins += 1
            cookies = self._login.sign_in(self._count_attempt)
        except SessionNeedsPerson as wall:
            self._block(wall)
            raise
        if self._probe(cookies) is False:
            reason = "refused right after a login"
            self._save(replace(self._load(), state=SessionState.EXPIRED, reason=reason))
            raise SessionExpired(reason=reason)
        self._cookies = cookies
        self._save(
            replace(
                self._load(),
                cookies=cookies,
                state=SessionState.VALID,
                failed_attempts=0,
                renewed_at=self._now(),
                reason="",
            )
        )
        log.info("naver_session_renewed")

    def _count_attempt(self) -> None:
        """Write the try down before it is made; LoginBudgetSpent when none is left."""
        record = self._load()
        self._raise_if_spent(record)
        failed = self._recent_failures(record) + 1
        self._save(
            replace(
                record,
                state=SessionState.EXPIRED,
                failed_attempts=failed,
                last_attempt_at=self._now(),
            )
        )

    def _raise_if_spent(self, record: SessionRecord) -> None:
        failed = self._recent_failures(record)
        if failed >= self._policy.attempts_per_day:
            raise LoginBudgetSpent(failed_attempts=failed, hours=24)

    def _recent_failures(self, record: SessionRecord) -> int:
        last = record.last_attempt_at
        is_recent = last is not None and self._now() - last < _BUDGET_PERIOD
        return record.failed_attempts if is_recent else 0

    def _block(self, wall: SessionNeedsPerson) -> None:
        """Store the state, then tell somebody. Nobody logs in until ``reset``."""
        self._save(replace(self._load(), state=wall.state, reason=str(wall)))
        log.error("naver_session_needs_person", state=wall.state)
        try:
            if self._on_blocked is not None:
                self._on_blocked(wall)
        except AlertFailed:
            log.exception("naver_session_page_failed", state=wall.state)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
