"""What may be true of a text after a try to send it: one of four things, never a fifth.

Only a text that was certainly not sent may be sent again without a look at SENS's list. A kind
of error that nobody listed here is in doubt.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from booking_sms.domain.errors import (
    DispatchError,
    GatewayListUnavailable,
    SendingForbidden,
    SignatureRejected,
    SmsNotSent,
    SmsOutcomeUnknown,
    SmsQuotaSpent,
    SmsRefused,
    SmsThrottled,
)


class SendMeaning(StrEnum):
    """The four meanings; each answer, failure and crash has exactly one."""

    NOT_SENT = "certainly not sent"
    ACCEPTED = "accepted"
    DOUBT = "in doubt"
    PERMANENT = "permanent"


MEANING_OF_ERROR: Mapping[type[DispatchError], SendMeaning] = {
    SmsNotSent: SendMeaning.NOT_SENT,
    SendingForbidden: SendMeaning.NOT_SENT,
    SmsThrottled: SendMeaning.NOT_SENT,
    SmsQuotaSpent: SendMeaning.NOT_SENT,
    SignatureRejected: SendMeaning.NOT_SENT,
    SmsRefused: SendMeaning.PERMANENT,
    SmsOutcomeUnknown: SendMeaning.DOUBT,
    GatewayListUnavailable: SendMeaning.DOUBT,  # a look that failed: the doubt stays one
}
"""By exact class: a new subclass is in doubt until somebody decides, whatever it derives from."""

MAY_BE_SENT_AGAIN = frozenset({SendMeaning.NOT_SENT})
"""Without reconcile, that is."""


def meaning_of(error: DispatchError) -> SendMeaning:
    """What a failed send means for its text."""
    return MEANING_OF_ERROR.get(type(error), SendMeaning.DOUBT)
