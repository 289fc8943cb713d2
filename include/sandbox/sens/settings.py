"""What a person may turn on the sandbox's SENS: credentials, limits, and how messages progress.

Where the vendor's behaviour is not documented, both readings are offered and the default is the
one that hides no mistake of the caller.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sandbox.sens.charset import Charset


class Outcome(BaseModel):
    """What becomes of a message, in the spelling of the list's rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    statusCode: str = "0"
    statusName: Literal["success", "fail", ""] = ""
    statusMessage: str = ""

    @property
    def name(self) -> str:
        """The given name, or what the code implies: only `0` is a success."""
        return self.statusName or ("success" if self.statusCode == "0" else "fail")


class Progression(BaseModel):
    """When a row moves on: READY, then PROCESSING, then COMPLETED.

    `seconds` counts from the 202; `reads` counts how often the row was looked up.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: Literal["seconds", "reads"] = "seconds"
    processing: float = Field(default=1.0, ge=0)
    completed: float = Field(default=2.0, ge=0)


DEFAULT_ENDINGS = {
    "99901": Outcome(statusCode="3001"),
    "99902": Outcome(statusCode="2003"),
    "99903": Outcome(statusCode="2004"),
    "99904": Outcome(statusCode="3006"),
    "99905": Outcome(statusCode="3005"),
}
"""Numbers ending so always fail: no subscriber, phone off, inbox full, refused, in a call."""


class SensSettings(BaseModel):
    """Every switch with its default; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    service_id: str = "ncp:sms:kr:900000000001:byeolbit"
    access_key: str = "sandbox-access-key"
    secret_key: str = "sandbox-signing-key"
    senders: tuple[str, ...] = ("15990100", "15990103", "15990107")
    ad_opt_out_service: bool = True

    skew_limit_s: float = Field(default=300.0, gt=0)
    clock_shift_s: float = 0.0
    rate_limit_per_s: int = Field(default=0, ge=0)
    monthly_cap: int = Field(default=0, ge=0)

    charset: Charset = "cp949"
    unencodable: Literal["fail", "refuse"] = "fail"
    oversize_subject: Literal["cut", "refuse"] = "cut"
    unregistered_sender: Literal["refuse", "fail"] = "refuse"
    bad_number: Literal["fail", "refuse"] = "fail"
    duplicate_window_s: float = Field(default=0.0, ge=0)

    progression: Progression = Progression()
    numbers: dict[str, Outcome] = {}
    number_endings: dict[str, Outcome] = DEFAULT_ENDINGS

    list_delay_s: float = Field(default=0.0, ge=0)
    list_shows_text: bool = True
    request_id_page_size: int = Field(default=0, ge=0)

    def updated(self, values: dict[str, Any]) -> SensSettings:
        """A copy with the named settings replaced; raises ValueError that names each bad one."""
        try:
            return SensSettings.model_validate(self.model_dump() | values)
        except ValidationError as error:
            problems = [
                f"sens.{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()
            ]
            raise ValueError("; ".join(problems)) from None
