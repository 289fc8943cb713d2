"""Telegram: what the owner reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from booking_sms_airflow.hooks.composed import ComposedHook

if TYPE_CHECKING:
    from booking_sms.ports import AlertChannel


class TelegramHook(ComposedHook):
    """Writes to the owner's chat. Texts have to be masked already.

    :param telegram_conn_id: schema, host and port of the Bot API; password = bot token; extra
        ``chat_id``.
    """

    conn_name_attr: ClassVar[str] = "telegram_conn_id"
    default_conn_name: ClassVar[str] = "telegram_default"
    conn_type: ClassVar[str] = "telegram"
    hook_name: ClassVar[str] = "Telegram bot"

    def __init__(self, telegram_conn_id: str = default_conn_name) -> None:
        super().__init__(telegram_conn_id)

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Labels of the connection's form."""
        return {
            "hidden_fields": ["login"],
            "relabeling": {"password": "Bot token"},
            "placeholders": {
                "schema": "https",
                "host": "api.telegram.org",
                "extra": '{"chat_id": "-100..."}',
            },
        }

    def get_conn(self) -> AlertChannel:
        """The chat as our port; raises ConnectionMissing."""
        from booking_sms.adapters.alerts.telegram import TelegramChannel
        from booking_sms.domain.errors import ConnectionMissing

        telegram = self.application.connections.telegram
        if telegram is None:
            raise ConnectionMissing(f"connection {self.conn_id} is not defined")
        return TelegramChannel(telegram.token, telegram.chat_id, base_url=telegram.base_url)

    def send_message(self, text: str) -> None:
        """Deliver a text, split to Telegram's limit; raises AlertFailed."""
        self.get_conn().send(text)

    def check(self) -> str:
        """A short line in the chat: nothing less shows that the bot may write there."""
        self.send_message("booking_sms: connection test")
        return "the chat got a test line"
