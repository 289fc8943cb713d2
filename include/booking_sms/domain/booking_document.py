"""A booking as a JSON document, for the staged snapshot, and the version of its facts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from booking_sms.domain.booking import KST, Booking, BookingOption, BookingStatus
from booking_sms.domain.payload_fields import PayloadFields

Document = dict[str, Any]
_INSTANTS = ("registered_at", "confirmed_at", "cancelled_at", "completed_at")
_VERSION_LENGTH = 16


def booking_to_document(booking: Booking) -> Document:
    """The booking as JSON-able values; instants as ISO 8601 with offset."""
    return {
        "store_id": booking.store_id,
        "booking_id": booking.booking_id,
        "status": booking.status.value,
        "name": booking.name,
        "phone": booking.phone,
        "starts_at": booking.starts_at.isoformat(),
        "ends_at": booking.ends_at.isoformat(),
        **{name: _to_iso(getattr(booking, name)) for name in _INSTANTS},
        "options": [_option_to_document(option) for option in booking.options],
        "previous_booking_id": booking.previous_booking_id,
        "fields": dict(booking.fields),
        "version": booking.version,
    }


def booking_from_document(document: Mapping[str, Any]) -> Booking:
    """The booking that ``booking_to_document`` wrote, instants in KST.

    Raises KeyError or ValueError for a document that it did not write.
    """
    return Booking(
        store_id=document["store_id"],
        booking_id=document["booking_id"],
        status=BookingStatus(document["status"]),
        name=document["name"],
        phone=document["phone"],
        starts_at=_to_kst(document["starts_at"]),
        ends_at=_to_kst(document["ends_at"]),
        **{name: _optional_kst(document[name]) for name in _INSTANTS},
        options=tuple(BookingOption(**option) for option in document["options"]),
        previous_booking_id=document["previous_booking_id"],
        fields=PayloadFields(document["fields"]),
        version=document["version"],
    )


def booking_version(booking: Booking) -> str:
    """Short digest of what a message depends on: whom, when, where, what was chosen.

    Counters, prices of the day or images change without a meaning for any message and leave
    the version as it is.
    """
    facts = [
        booking.store_id,
        booking.booking_id,
        booking.status.value,
        booking.starts_at.astimezone(KST).isoformat(),
        booking.ends_at.astimezone(KST).isoformat(),
        booking.phone,
        booking.name,
        [[option.name, option.quantity] for option in booking.options],
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:_VERSION_LENGTH]


def _option_to_document(option: BookingOption) -> Document:
    return {
        "name": option.name,
        "quantity": option.quantity,
        "price": option.price,
        "option_id": option.option_id,
    }


def _to_iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _to_kst(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(KST)


def _optional_kst(text: str | None) -> datetime | None:
    return None if text is None else _to_kst(text)
