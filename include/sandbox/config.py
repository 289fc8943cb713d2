"""Settings of the simulated Naver. Every identity here is invented.

SENS, Telegram and Slack keep settings of their own; ``PUT /control/config`` reaches them all.
A section is replaced as a whole when it changes: read ``context.config.naver`` each time.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

ExpiredForm = Literal["expired_redirect", "expired_401", "expired_403", "expired_landing"]


class NaverConfig(BaseModel):
    """The owner's login and how a session lives and ends."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    login_id: str = "byeolbit-owner"
    password: str = '별빛 "sandbox" \\word'
    session_max_calls: int | None = Field(default=None, ge=1)
    session_max_seconds: float | None = Field(default=None, gt=0)
    expired_form: ExpiredForm = "expired_redirect"
    captcha_after_failures: int = Field(default=3, ge=1)
    lock_after_failures: int = Field(default=8, ge=1)
    require_partner_visit: bool = False
    page_size_limit: int = Field(default=50, ge=1)


class SandboxConfig(BaseModel):
    """What no service owns alone: login site and booking API share the ``naver`` section."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    naver: NaverConfig = Field(default_factory=NaverConfig)

    def update_naver(self, values: dict[str, Any]) -> None:
        """Change settings by name; raises pydantic's ``ValidationError``."""
        self.naver = NaverConfig.model_validate(self.naver.model_dump() | values)
