"""What Slack answers when it refuses.

A webhook answers a plain word with a 4xx status; the Web API answers HTTP 200 with
`{"ok": false, "error": word}`, and only a rate limit is a 429. Statuses of webhook words follow the
incoming-webhooks page and one public test-suite; where no source gives one, 400 is assumed.
"""

from __future__ import annotations

WEBHOOK_STATUS: dict[str, int] = {
    "invalid_payload": 400,
    "no_text": 400,
    "invalid_blocks": 400,
    "invalid_blocks_format": 400,
    "msg_blocks_too_long": 400,
    "too_many_attachments": 400,
    "no_service_id": 400,
    "posting_to_general_channel_denied": 400,
    "action_prohibited": 403,
    "invalid_token": 403,
    "team_disabled": 403,
    "channel_not_found": 404,
    "no_service": 404,
    "no_active_hooks": 404,
    "no_team": 404,
    "user_not_found": 404,
    "channel_is_archived": 410,
}
"""Word -> HTTP status of a webhook. None of these goes away by trying again."""

WEB_API_ERRORS: tuple[str, ...] = (
    "not_authed",
    "invalid_auth",
    "account_inactive",
    "token_revoked",
    "missing_scope",
    "channel_not_found",
    "not_in_channel",
    "is_archived",
    "no_text",
    "msg_too_long",
    "invalid_blocks",
    "invalid_blocks_format",
    "msg_blocks_too_long",
    "too_many_attachments",
    "restricted_action",
    "fatal_error",
    "internal_error",
    "unknown_method",
)
"""Words of chat.postMessage, all with HTTP 200."""


class SlackRefusal(Exception):
    """A refusal by its word; each face of Slack shapes it in its own way."""

    def __init__(self, word: str, detail: str = ""):
        super().__init__(f"{word}: {detail}" if detail else word)
        self.word = word
        self.detail = detail


class SlackRateLimited(SlackRefusal):
    """429 with Retry-After: about one message a second and channel, short bursts tolerated."""

    def __init__(self, retry_after: int):
        super().__init__("rate_limited")
        self.retry_after = retry_after
