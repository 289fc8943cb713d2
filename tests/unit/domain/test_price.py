from decimal import Decimal

import pytest

from booking_sms.config.settings import Settings
from booking_sms.domain.errors import SettingsInvalid
from booking_sms.domain.message import MessageType
from booking_sms.domain.price import Prices, plain_number

PRICES = Prices(sms=Decimal("8.9"), lms=Decimal(30))


@pytest.mark.parametrize(
    ("message_type", "shown"), [(MessageType.SMS, 8.9), ("LMS", 30)], ids=["short", "long"]
)
def test_each_wire_type_has_its_price(message_type: str, shown: float) -> None:
    assert plain_number(PRICES.of(message_type)) == shown


def test_prices_are_settings() -> None:
    settings = Settings.from_environ({"BOOKING_SMS_PRICE_SMS_KRW": "8.9"})

    assert settings.prices == PRICES


def test_a_price_below_zero_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="BOOKING_SMS_PRICE_LMS_KRW"):
        Settings.from_environ({"BOOKING_SMS_PRICE_LMS_KRW": "-1"})
