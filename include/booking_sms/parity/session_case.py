"""Expectations of the login's outcome: is the stored session used, renewed, or left to a person?

The predecessor's recordings begin after the login, so nothing of it can be compared with them.
A case says what is stored, what the booking API takes, and what the portal answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from booking_sms.parity.scenario import ScenarioInvalid

Cookies = Literal["stored", "fresh"]
Portal = Literal[
    "accepted",
    "CaptchaRequired",
    "NewDeviceRequired",
    "AccountLocked",
    "LoginRejected",
    "LoginLayoutChanged",
]


class _Case(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Stored(_Case):
    """The stored session before the run."""

    state: str
    has_cookies: bool = True
    failed_attempts: int = Field(0, ge=0)
    last_attempt_at: AwareDatetime | None = None


class SessionCase(_Case):
    """One start of a run. ``takes``: whether the API takes these cookies, None if it cannot tell.

    ``borrowed``: comparison mode, with the predecessor's cookies.
    """

    id: str = Field(min_length=1)
    category: str
    title: str
    now: AwareDatetime
    stored: Stored | None
    takes: dict[Cookies, bool | None]
    portal: Portal = "accepted"
    borrowed: bool = False
    expected: dict[str, Any] | None = None


def parse_session_case(line: Mapping[str, Any], place: str) -> SessionCase:
    """A line as a case; ScenarioInvalid with file, line and field."""
    try:
        return SessionCase.model_validate(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "line"
        raise ScenarioInvalid(f"{place}: {where}: {first['msg']}") from None
