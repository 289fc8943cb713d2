"""The body of a send (sens-sms-send): one recipient, digits only, non-ASCII escaped as LEGACY did.

SENS has no idempotency key and cuts an oversize text silently, so bytes are checked upstream.
"""

from __future__ import annotations

import json

from booking_sms.domain.errors import PhoneInvalid
from booking_sms.ports import OutgoingSms

COUNTRY_CODE = "82"
INFORMATIONAL, ADVERTISING = "COMM", "AD"
_SEPARATORS = str.maketrans("", "", "-. ()")


def build_send_body(message: OutgoingSms) -> bytes:
    """Return the JSON body; raise PhoneInvalid for a number that is not digits."""
    fields: dict[str, object] = {
        "type": message.message_type,
        "contentType": ADVERTISING if message.advertising else INFORMATIONAL,
        "countryCode": COUNTRY_CODE,
        "from": digits_only(message.sender, "from"),
        "content": message.content,
        "messages": [{"to": digits_only(message.to, "to")}],
    }
    if message.message_type != "SMS" and message.subject:  # SENS refuses a subject on an SMS
        fields["subject"] = message.subject
    return json.dumps(fields).encode()


def digits_only(number: str, name: str) -> str:
    """Drop separators; raise PhoneInvalid, without the number, if anything else is left."""
    digits = number.translate(_SEPARATORS)
    if not (digits.isascii() and digits.isdigit()):
        raise PhoneInvalid(field=name, kind="not digits")
    return digits
