"""Naver's booking JSON in, our Booking out. Vendor codes and field names end here.

A booking without what every booking has (id, store, start) is malformed: it is quarantined, the
rest go on. Everything else may be missing or odd without losing the booking: no phone becomes a
job that is held and shown, not a customer who was forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NoReturn

from booking_sms.adapters.naver.scrubbing import scrub_payload, without_person
from booking_sms.domain.booking import KST, Booking, BookingOption, BookingStatus
from booking_sms.domain.booking_document import booking_version
from booking_sms.domain.errors import BookingMalformed
from booking_sms.domain.payload_fields import PayloadFields

STATUS_OF_CODE: Mapping[str, BookingStatus] = {
    "RC02": BookingStatus.REQUESTED,
    "RC03": BookingStatus.CONFIRMED,
    "RC04": BookingStatus.CANCELLED,
    "RC05": BookingStatus.NO_SHOW,  # seen by one public project only
    "RC06": BookingStatus.CANCELLED,  # cancelled by a change; others saw RC04 for that
    "RC08": BookingStatus.COMPLETED,
}
ASSUMED_VISIT = timedelta(hours=1)
"""Length of a visit whose end is missing, unreadable or not after its start."""

_YEARS = range(1990, 2200)
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")

__all__ = ["ASSUMED_VISIT", "STATUS_OF_CODE", "parse_booking", "parse_scrubbed", "scrub_payload"]


def parse_booking(store_id: str, payload: Mapping[str, Any]) -> Booking:
    """The booking in a raw payload that was asked for under ``store_id``.

    Raises BookingMalformed naming store, booking id and field, never the person.
    """
    return parse_scrubbed(store_id, scrub_payload(payload))


def parse_scrubbed(store_id: str, payload: Mapping[str, Any]) -> Booking:
    """As ``parse_booking``, for a payload that ``scrub_payload`` has cleaned already."""
    booking_id = _require_id(store_id, payload)
    snapshot, starts_at = _require_start(store_id, booking_id, payload)
    booking = Booking(
        store_id=store_id,
        booking_id=booking_id,
        status=_parse_status(payload.get("bookingStatusCode")),
        name=_text(payload.get("name")),
        phone=_text(payload.get("phone")),
        starts_at=_whole_minute(starts_at),
        ends_at=_parse_end(starts_at, snapshot.get("endDateTime")),
        registered_at=_parse_instant(payload.get("regDateTime")),
        confirmed_at=_parse_instant(payload.get("confirmedDateTime")),
        cancelled_at=_parse_instant(payload.get("cancelledDateTime")),
        completed_at=_parse_instant(payload.get("completedDateTime")),
        options=_parse_options(snapshot.get("bookingOptionJson")),
        previous_booking_id=_parse_id(payload.get("previousBookingId")) or None,
        fields=PayloadFields(without_person(payload)),
    )
    return replace(booking, version=booking_version(booking))


def booking_reference(payload: Any) -> str:
    """The booking id if the payload has a usable one, else ``""``."""
    return _parse_id(payload.get("bookingId")) if isinstance(payload, Mapping) else ""


def _malformed(store_id: str, booking_id: str, field: str) -> NoReturn:
    raise BookingMalformed(store=store_id, booking=booking_id or "unknown", field=field)


def _require_id(store_id: str, payload: Mapping[str, Any]) -> str:
    """LEGACY keyed on businessId; ours is the store that was asked. They must agree."""
    booking_id = booking_reference(payload)
    if not booking_id:
        _malformed(store_id, "", "bookingId")
    business_id = payload.get("businessId")
    if business_id is not None and _parse_id(business_id) != store_id:
        _malformed(store_id, booking_id, "businessId")
    return booking_id


def _require_start(
    store_id: str, booking_id: str, payload: Mapping[str, Any]
) -> tuple[Mapping[str, Any], datetime]:
    """The snapshot and its start: the top level has dates only, and no time of day."""
    snapshot = payload.get("snapshotJson")
    if not isinstance(snapshot, Mapping):
        _malformed(store_id, booking_id, "snapshotJson")
    starts_at = _parse_instant(snapshot.get("startDateTime"))
    if starts_at is None:
        _malformed(store_id, booking_id, "snapshotJson.startDateTime")
    return snapshot, starts_at


def _parse_id(value: Any) -> str:
    """An id as text; ``""`` for none: missing, zero, or nothing that may stand in a key."""
    text = _text(value)
    return text if _ID.fullmatch(text) and text != "0" else ""


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _parse_status(code: Any) -> BookingStatus:
    """An unknown code is UNKNOWN: nobody is texted on a guess."""
    return STATUS_OF_CODE.get(_text(code), BookingStatus.UNKNOWN)


def _parse_instant(value: Any) -> datetime | None:
    """An ISO instant with a zone, in KST; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    believable = instant.tzinfo is not None and instant.year in _YEARS
    return instant.astimezone(KST) if believable else None


def _whole_minute(instant: datetime) -> datetime:
    """LEGACY kept minutes only."""
    return instant.replace(second=0, microsecond=0)


def _parse_end(starts_at: datetime, value: Any) -> datetime:
    """End of the visit in whole minutes; an hour after the start when Naver's is unusable.

    LEGACY never read the end, so a booking without one must not be lost. The end bounds how
    late a guide may still go out; an hour leaves the customer time to ask for the door code.
    """
    start, end = _whole_minute(starts_at), _parse_instant(value)
    if end is None or _whole_minute(end) <= start:
        return start + ASSUMED_VISIT
    return _whole_minute(end)


def _parse_options(value: Any) -> tuple[BookingOption, ...]:
    items = value if isinstance(value, list) else []
    return tuple(option for option in map(_parse_option, items) if option is not None)


def _parse_option(item: Any) -> BookingOption | None:
    """An option, from an object or from its bare name; None for one without a name."""
    if isinstance(item, str):
        return BookingOption(name=item) if item else None
    if not isinstance(item, Mapping) or not _text(item.get("name")):
        return None
    quantity = _whole_number(item.get("bookingCount"))
    return BookingOption(
        name=_text(item["name"]),
        quantity=1 if quantity is None else quantity,
        price=_whole_number(item.get("price")),
        option_id=_parse_id(item.get("optionId")) or None,
    )


def _whole_number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
