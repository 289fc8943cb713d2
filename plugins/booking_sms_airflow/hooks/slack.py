"""Slack: where the team is alerted."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from booking_sms_airflow.hooks.composed import ComposedHook

if TYPE_CHECKING:
    from booking_sms.ports import AlertChannel


class SlackAlertHook(ComposedHook):
    """Writes to the team's channel. The connection has the Slack provider's own type and form.

    :param slack_conn_id: a ``slackwebhook`` connection.
    """

    conn_name_attr: ClassVar[str] = "slack_conn_id"
    default_conn_name: ClassVar[str] = "slack_default"
    hook_name: ClassVar[str] = "Slack alerts of booking_sms"

    def __init__(self, slack_conn_id: str = default_conn_name) -> None:
        super().__init__(slack_conn_id)

    def get_conn(self) -> AlertChannel:
        """The channel as our port; raises ConnectionMissing."""
        from booking_sms.adapters.alerts.slack import SlackChannel
        from booking_sms.domain.errors import ConnectionMissing

        slack = self.application.connections.slack
        if slack is None:
            raise ConnectionMissing(f"connection {self.conn_id} is not defined")
        return SlackChannel(slack.webhook_url)

    def send_alert(self, text: str) -> None:
        """Deliver a text; raises AlertFailed."""
        self.get_conn().send(text)

    def check(self) -> str:
        """A short line in the channel."""
        self.send_alert("booking_sms: connection test")
        return "the channel got a test line"
