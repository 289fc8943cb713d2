"""What the Bot API answers when it refuses: `{"ok": false, "error_code", "description"}`.

`parameters` may carry `retry_after` (seconds) or `migrate_to_chat_id` (ResponseParameters of the
Bot API). Descriptions are the ones clients meet; codes may change, the API says.
"""

from __future__ import annotations

from typing import Any


class TelegramError(Exception):
    """A refusal; the HTTP status equals `error_code`."""

    error_code = 400
    description = "Bad Request"

    def __init__(
        self,
        description: str = "",
        *,
        error_code: int = 0,
        parameters: dict[str, Any] | None = None,
    ):
        self.description = description or type(self).description
        self.error_code = error_code or type(self).error_code
        self.parameters = parameters or {}
        super().__init__(self.description)

    def body(self) -> dict[str, Any]:
        """The API's error object."""
        body = {"ok": False, "error_code": self.error_code, "description": self.description}
        return body | ({"parameters": self.parameters} if self.parameters else {})


class Unauthorized(TelegramError):
    """The token is no bot's."""

    error_code, description = 401, "Unauthorized"


class MethodNotFound(TelegramError):
    """No such method, or an address that is no bot address."""

    error_code, description = 404, "Not Found"


class ChatIdEmpty(TelegramError):
    """`chat_id` is missing."""

    description = "Bad Request: chat_id is empty"


class ChatNotFound(TelegramError):
    """The bot never met this chat."""

    description = "Bad Request: chat not found"


class TextEmpty(TelegramError):
    """Nothing is left to send."""

    description = "Bad Request: message text is empty"


class TextTooLong(TelegramError):
    """More than 4096 characters after the markup is taken out."""

    description = "Bad Request: message is too long"


class UnsupportedParseMode(TelegramError):
    """Not HTML, Markdown or MarkdownV2."""

    description = "Bad Request: unsupported parse_mode"


class CannotParse(TelegramError):
    """The markup is broken: nothing is sent."""

    def __init__(self, reason: str):
        super().__init__(f"Bad Request: can't parse entities: {reason}")


class BotBlocked(TelegramError):
    """The person blocked the bot."""

    error_code, description = 403, "Forbidden: bot was blocked by the user"


class GroupMigrated(TelegramError):
    """The group became a supergroup: the stored id is dead, the new one is in the answer."""

    def __init__(self, new_chat_id: int):
        super().__init__(
            "Bad Request: group chat was upgraded to a supergroup chat",
            parameters={"migrate_to_chat_id": new_chat_id},
        )


class TooManyRequests(TelegramError):
    """Flood control: every chat is closed to the bot for `retry_after` seconds."""

    error_code = 429

    def __init__(self, retry_after: int):
        super().__init__(
            f"Too Many Requests: retry after {retry_after}",
            parameters={"retry_after": retry_after},
        )


class ServerError(TelegramError):
    """The API's own trouble."""

    error_code, description = 500, "Internal Server Error"
