"""Naver Place for partners: bookings, behind the owner's login."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from booking_sms_airflow.hooks.composed import ComposedHook

if TYPE_CHECKING:
    from booking_sms.domain.booking import Booking
    from booking_sms.domain.window import Window
    from booking_sms.ports import BookingSource, StoreExtract

HOSTS = frozenset({"naver login host", "naver booking host"})


class NaverBookingHook(ComposedHook):
    """Reads bookings; logs in with a browser only when the stored session is refused.

    :param naver_conn_id: login and password of the partner account; extra ``login_url`` and
        ``booking_url``, the base URLs of the login host and of the booking host.
    """

    conn_name_attr: ClassVar[str] = "naver_conn_id"
    default_conn_name: ClassVar[str] = "naver_default"
    conn_type: ClassVar[str] = "naver"
    hook_name: ClassVar[str] = "Naver Place (partner)"

    def __init__(self, naver_conn_id: str = default_conn_name) -> None:
        super().__init__(naver_conn_id)

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Labels of the connection's form."""
        extra = '{"login_url": "https://nid.naver.com", "booking_url": "https://partner..."}'
        return {
            "hidden_fields": ["host", "schema", "port"],
            "relabeling": {"login": "Partner id", "password": "Partner password"},
            "placeholders": {"extra": extra},
        }

    def get_conn(self) -> BookingSource:
        """The booking API as our port."""
        return self.application.source

    def fetch_store(self, store_id: str, window: Window) -> StoreExtract:
        """Bookings of a store by the window's fetch plan; raises ExtractError."""
        return self.get_conn().fetch_store(store_id, window)

    def fetch_booking(self, store_id: str, booking_id: str) -> Booking | None:
        """One booking, or None when Naver does not know it; raises ExtractError."""
        return self.get_conn().fetch_booking(store_id, booking_id)

    def check(self) -> str:
        """Both hosts answer. No login: a test must not use up the account's attempts."""
        from booking_sms.diagnosis import checks_of, look
        from booking_sms.domain.errors import BookingApiUnavailable

        findings = [look(one) for one in checks_of(self.application) if one.name in HOSTS]
        said = "; ".join(finding.detail for finding in findings)
        if not all(finding.ok for finding in findings):
            raise BookingApiUnavailable(said)
        return said
