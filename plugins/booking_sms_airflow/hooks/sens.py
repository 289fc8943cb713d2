"""Naver Cloud SENS: what was sent and what became of it.

This hook reads. Sending belongs to ``sms_dispatch`` alone, which signs and writes the intent
first; a second way to send would be a second way to send twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from booking_sms_airflow.hooks.composed import ComposedHook

if TYPE_CHECKING:
    from booking_sms.ports import GatewayMessage, SmsGateway


class SensHook(ComposedHook):
    """Reads SENS's own list.

    :param sens_conn_id: schema, host and port of SENS; login = access key, password = secret
        key; extra ``service_id``.
    """

    conn_name_attr: ClassVar[str] = "sens_conn_id"
    default_conn_name: ClassVar[str] = "sens_default"
    conn_type: ClassVar[str] = "sens"
    hook_name: ClassVar[str] = "Naver Cloud SENS"

    def __init__(self, sens_conn_id: str = default_conn_name) -> None:
        super().__init__(sens_conn_id)

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Labels of the connection's form."""
        return {
            "hidden_fields": [],
            "relabeling": {"login": "Access key", "password": "Secret key"},
            "placeholders": {
                "schema": "https",
                "host": "sens.apigw.ntruss.com",
                "extra": '{"service_id": "ncp:sms:kr:..."}',
            },
        }

    def get_conn(self) -> SmsGateway:
        """SENS as our port."""
        return self.application.gateway

    def list_messages(
        self, to: str, sender: str, since: datetime, until: datetime
    ) -> Sequence[GatewayMessage]:
        """Messages to a recipient in a time window; raises GatewayListUnavailable."""
        return self.get_conn().find(to, sender, since, until)

    def messages_of_request(self, request_id: str) -> Sequence[GatewayMessage]:
        """Messages of one request; raises GatewayListUnavailable."""
        return self.get_conn().by_request(request_id)

    def list_opt_outs(self) -> Iterable[str]:
        """Numbers that refused advertising; raises GatewayListUnavailable."""
        return self.get_conn().opted_out()

    def check(self) -> str:
        """A signed read of the opt-out list: key, signature, clock and service id are right."""
        refused = sum(1 for _ in self.list_opt_outs())
        return f"SENS answers; {refused} numbers refused advertising"
