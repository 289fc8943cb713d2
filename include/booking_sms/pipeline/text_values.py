"""What a text to a customer may name: the booking, the store, the chain.

Everything here is the same however often a booking is looked at. What was sent to it so far is
not here on purpose: a text that named it would read otherwise when it is planned again.
"""

from __future__ import annotations

from typing import Any

from booking_sms.domain.booking import KST, Booking
from booking_sms.domain.condition_checks import PRO_EDIT
from booking_sms.domain.field_path import read_field
from booking_sms.domain.korean_text import korean_date
from booking_sms.domain.phone import mask_phone
from booking_sms.domain.store import Store, StoreDirectory
from booking_sms.ports import SecretSource

SECRET_PREFIX = "secret:"  # noqa: S105 (the mark of a reference, not a secret)
EDIT_ADD_PERSON = "사진 보정 추가"
COUPON_FIELD = "snapshotJson.couponJson.0.couponName"


def variables(
    booking: Booking, store: Store, stores: StoreDirectory, secrets: SecretSource
) -> dict[str, Any]:
    """Everything that a text may name."""
    return {
        "booking": {**booking_values(booking), **personal_values(booking)},
        "store": StoreValues(store, secrets),
        "brand": stores.brand,
        "opt_out_number": stores.opt_out_number,
    }


def booking_values(booking: Booking) -> dict[str, Any]:
    """``booking.*`` without the person: name and phone stand in ``personal_values``."""
    starts_at, ends_at = booking.starts_at.astimezone(KST), booking.ends_at.astimezone(KST)
    return {
        "booking_num": booking.booking_num,
        "book_id": booking.booking_id,
        "biz_id": booking.store_id,
        "phone_masked": mask_phone(booking.phone),
        "phone_last4": "".join(ch for ch in booking.phone if ch.isdigit())[-4:],
        "starts_at": starts_at,
        "ends_at": ends_at,
        "reserve_at": starts_at,
        "date": korean_date(starts_at),
        "time": f"{starts_at:%H:%M}",
        "end_time": f"{ends_at:%H:%M}",
        "booking_time": booking.booking_time,
        "status": booking.status.value,
        **_option_values(booking),
        **_coupon(booking),
    }


def personal_values(booking: Booking) -> dict[str, Any]:
    """Who the customer is, and every other payload field: for the customer's own eyes."""
    return {"name": booking.name, "phone": booking.phone, "fields": booking.fields}


def _option_values(booking: Booking) -> dict[str, Any]:
    """The options, and how much retouching they hold; an option is counted in one group."""
    names = list(dict.fromkeys(booking.option_names))
    pro_edit = booking.option_quantity([PRO_EDIT])
    added = [one for one in booking.options if EDIT_ADD_PERSON in one.name]
    add_person = sum(one.quantity for one in added if PRO_EDIT not in one.name)
    return {
        "options": list(booking.option_names),
        "option": ", ".join(names),
        "option_keywords": names,
        "has_pro_edit_option": pro_edit > 0,
        "pro_edit_count": pro_edit,
        "has_edit_add_person_option": add_person > 0,
        "edit_add_person_count": add_person,
    }


def _coupon(booking: Booking) -> dict[str, str]:
    """The first coupon's name; nothing, not an empty text, where there is none."""
    name = read_field(booking, COUPON_FIELD)
    return {"coupon_name": name} if isinstance(name, str) and name else {}


class StoreValues:
    """``store.*``: the store's own fields and facts; a secret is resolved when it is named."""

    def __init__(self, store: Store, secrets: SecretSource) -> None:
        own = {"id": store.store_id, "name": store.name, "alias": store.alias}
        self._values = {**store.facts, **own}
        self._secrets = secrets

    def __getitem__(self, name: str) -> Any:
        value = self._values[name]
        if isinstance(value, str) and value.startswith(SECRET_PREFIX):
            return self._secrets.get(value.removeprefix(SECRET_PREFIX))
        return value
