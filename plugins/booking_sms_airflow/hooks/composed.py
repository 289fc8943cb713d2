"""What the hooks share: a hook is a named view of the Application of its connection."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from airflow.sdk import BaseHook

from booking_sms.domain.errors import BookingSmsError
from booking_sms_airflow.application import current_application

if TYPE_CHECKING:
    from booking_sms.bootstrap import Application


class ComposedHook(BaseHook):
    """Base of our hooks.

    :param conn_id: connection to use in the place of the service's default one.
    """

    default_conn_name: ClassVar[str]

    def __init__(self, conn_id: str | None = None) -> None:
        super().__init__()
        self.conn_id = conn_id or self.default_conn_name

    @cached_property
    def application(self) -> Application:
        """Composed at first use; raises ConfigError."""
        return current_application({self.default_conn_name: self.conn_id})

    def test_connection(self) -> tuple[bool, str]:
        """Whether the service answers with these credentials, and what it said."""
        try:
            return True, self.check()
        except BookingSmsError as error:
            return False, str(error)

    def check(self) -> str:
        """One harmless call; what it showed. Raises our errors."""
        raise NotImplementedError
