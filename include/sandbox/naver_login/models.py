"""Who may log in, who is logged in, and when a session ends."""

import secrets
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.clock import transport_now
from sandbox.config import NaverConfig
from sandbox.naver_login.errors import FAULT_KINDS
from sandbox.service import Dump

AUT_COOKIE = "NID_AUT"
SES_COOKIE = "NID_SES"


@dataclass
class Session:
    """One login: two cookies, and the limits after which they are worth nothing."""

    aut: str
    ses: str
    calls: int = 0
    calls_left: int | None = None
    expires_at: str | None = None
    expired: bool = False

    def is_valid(self) -> bool:
        """Whether the session still opens doors."""
        if self.expired or self.calls_left == 0:
            return False
        return self.expires_at is None or transport_now() < datetime.fromisoformat(self.expires_at)


class NaverLoginState:
    """The one owner account of the world and its sessions."""

    name = "naver_login"
    fault_kinds: Mapping[str, tuple[str, ...]] = FAULT_KINDS

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Nobody is logged in, nothing is locked."""
        self.failures = 0
        self.locked = False
        self.logins = 0
        self.sessions: dict[str, Session] = {}
        self.pending: dict[str, str] = {}

    def dump(self) -> Dump:
        """Sessions, pending confirmations and the account's failure count."""
        return {
            "failures": self.failures,
            "locked": self.locked,
            "logins": self.logins,
            "sessions": [asdict(session) for session in self.sessions.values()],
            "pending": dict(self.pending),
        }

    def restore(self, dump: Dump) -> None:
        """Take a dump over: cookies given out before a restart stay valid."""
        self.failures = dump["failures"]
        self.locked = dump["locked"]
        self.logins = dump["logins"]
        self.sessions = {entry["ses"]: Session(**entry) for entry in dump["sessions"]}
        self.pending = dict(dump["pending"])

    def credentials_match(self, form: Mapping[str, str], config: NaverConfig) -> bool:
        """Whether id and password are the owner's, under the old or the new field names."""
        login_id = form.get("id") or form.get("account") or ""
        password = form.get("pw") or form.get("secret") or ""
        return (login_id, password) == (config.login_id, config.password)

    def note_failure(self, config: NaverConfig) -> None:
        """Count a wrong password; too many lock the account."""
        self.failures += 1
        self.locked = self.locked or self.failures >= config.lock_after_failures

    def wants_captcha(self, config: NaverConfig) -> bool:
        """Whether the account has seen too many wrong passwords."""
        return self.failures >= config.captcha_after_failures

    def open_session(self, config: NaverConfig) -> Session:
        """A successful login."""
        session = Session(
            aut=secrets.token_urlsafe(24),
            ses=secrets.token_urlsafe(48),
            calls_left=config.session_max_calls,
            expires_at=_in_seconds(config.session_max_seconds),
        )
        self.failures = 0
        self.logins += 1
        self.sessions[session.ses] = session
        return session

    def await_confirmation(self, url: str) -> str:
        """Keep a login that waits for a person; return its token."""
        token = secrets.token_urlsafe(12)
        self.pending[token] = url
        return token

    def session_of(self, cookies: Mapping[str, str]) -> Session | None:
        """The valid session behind a pair of cookies."""
        session = self.sessions.get(cookies.get(SES_COOKIE, ""))
        if session is None or session.aut != cookies.get(AUT_COOKIE):
            return None
        return session if session.is_valid() else None

    def spend_call(self, session: Session) -> None:
        """Count one API call against a session."""
        session.calls += 1
        if session.calls_left is not None:
            session.calls_left -= 1

    def expire(self, after_calls: int | None = None, after_seconds: float | None = None) -> int:
        """End every valid session: now, after some calls, or after some seconds."""
        valid = [session for session in self.sessions.values() if session.is_valid()]
        for session in valid:
            session.expired = after_calls is None and after_seconds is None
            session.calls_left = after_calls if after_calls is not None else session.calls_left
            session.expires_at = _in_seconds(after_seconds) or session.expires_at
        return len(valid)

    def close(self, cookies: Mapping[str, str]) -> None:
        """Log out."""
        self.sessions.pop(cookies.get(SES_COOKIE, ""), None)


def _in_seconds(seconds: float | None) -> str | None:
    return None if seconds is None else (transport_now() + timedelta(seconds=seconds)).isoformat()


def captcha_answer(key: str) -> str:
    """The five digits in the picture of a captcha."""
    return f"{zlib.crc32(key.encode()) % 100_000:05d}"


def account_view(state: NaverLoginState) -> dict[str, Any]:
    """What a test may ask about the account, without any cookie."""
    valid = [session for session in state.sessions.values() if session.is_valid()]
    return {
        "logins": state.logins,
        "failures": state.failures,
        "locked": state.locked,
        "sessions": len(state.sessions),
        "valid_sessions": len(valid),
        "calls": sum(session.calls for session in state.sessions.values()),
    }
