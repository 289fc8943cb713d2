"""What one text is thought to cost: an estimate, the vendor's bill has the last word."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from booking_sms.domain.message import MessageType


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Estimated won of one text, by wire type."""

    sms: Decimal
    lms: Decimal

    def of(self, message_type: str) -> Decimal:
        """Price of one text; KeyError for a type that is no text."""
        return {MessageType.SMS.value: self.sms, MessageType.LMS.value: self.lms}[message_type]


def plain_number(amount: Decimal) -> int | float:
    """An amount as JSON writes it: ``30``, ``8.9``."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)
