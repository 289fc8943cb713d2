"""One booking as the list and detail calls show it at an instant."""

from datetime import datetime, timedelta
from typing import Any

from sandbox.world.catalogue import store_name
from sandbox.world.life import Booking, Status
from sandbox.world.payload.coupons import used_coupons
from sandbox.world.payload.edits import apply_edits, masked
from sandbox.world.payload.options import option_price, options_json
from sandbox.world.payload.payments import order_number, pay_orders, payments_json
from sandbox.world.payload.snapshot import GUIDE_NOTE, place_of, product_of, snapshot_json
from sandbox.world.payload.times import local, local_date


def render_booking(booking: Booking, now: datetime) -> dict[str, Any]:
    """The whole payload, with the status, phone and times of ``now``."""
    total = product_of(booking)[2] + option_price(booking)
    payload = {
        **_identity(booking),
        **_life(booking, now),
        **_customer(booking, now),
        **_money(booking, total),
        "bookingOptionJson": options_json(booking),
        "snapshotJson": snapshot_json(booking),
        "bookingCoupons": used_coupons(booking),
        "payments": payments_json(booking, total),
        "nPayOrderJson": pay_orders(booking, total),
    }
    if booking.masked:
        payload = masked(payload)
    return apply_edits(payload, booking.edits, booking.removed)


def _identity(booking: Booking) -> dict[str, Any]:
    item_id, title, _ = product_of(booking)
    name = store_name(booking.store)
    return {
        "bookingId": booking.booking_id,
        "businessId": int(booking.store),
        "businessName": name,
        "serviceName": name,
        "originalBusinessName": name,
        "originalServiceName": name,
        "bizItemId": item_id,
        "bizItemType": "STANDARD",
        "bizItemName": title,
        "originalBizItemName": title,
        "adminBookingStatusCode": "AB00",
        "bookingType": "STANDARD",
        "bookingOrigin": "NAVERBOOKING",
        "bookingCountType": "ARRANGEMENT",
        "businessTypeId": 6,
        "businessCategory": "XX01",
        "areaName": "플레이스 - 검색 목록",
        "impPlaceId": place_of(booking.store),
        "isImpMyOwnPlace": True,
        "isPlaceHidden": False,
        "startDate": local_date(booking.start),
        "endDate": local_date(booking.end),
        "bookingCount": 1,
        "bookingGuide": GUIDE_NOTE,
        "isProgramBizItem": False,
        "shippingStatus": "NONE",
        "previousBookingId": booking.previous_booking_id,
    }


def _life(booking: Booking, now: datetime) -> dict[str, Any]:
    status = booking.status_at(now)
    cancelled = status == Status.CANCELLED
    completed = status == Status.COMPLETED
    confirmed = booking.confirmed_at is not None and booking.confirmed_at <= now
    return {
        "bookingStatusCode": status,
        "regDateTime": local(booking.registered_at),
        "confirmedDateTime": local(booking.confirmed_at) if confirmed else None,
        "cancelledDateTime": local(booking.cancelled_at) if cancelled else None,
        "cancelledDesc": "고객 요청" if cancelled else None,
        "completedDateTime": local(booking.completes_at) if completed else None,
        "isCompleted": completed,
        "completedCount": booking.user_id % 4,
        "cancelledCount": int(cancelled),
        "userCancelledCount": int(cancelled),
        "noShowCount": int(status == Status.NO_SHOW),
        "orderCompletedCount": 0,
        "orderCancelledCount": 0,
        "userOrderCancelledCount": 0,
        "orderNoshowCount": 0,
    }


def _customer(booking: Booking, now: datetime) -> dict[str, Any]:
    return {
        "userId": booking.user_id,
        "name": booking.name,
        "phone": booking.phone_at(now),
        "email": booking.email,
        "isNonmember": False,
        "isBlacklist": False,
        "hasVisitor": False,
        "isNonResidentForeigner": False,
        "nonResidentForeigner": False,
        "isForcedPrivacyMasking": False,
        "requestMessage": "",
    }


def _money(booking: Booking, total: int) -> dict[str, Any]:
    return {
        "price": total,
        "couponPrice": 0,
        "totalPrice": total,
        "refundPolicyId": 3_100_001,
        "refundPrice": 0,
        "refundRate": 0,
        "refundDate": "START_DATE",
        "isAllRefunded": False,
        "isPartialCancelUsed": False,
        "isPostPayment": False,
        "isPeriodFixed": False,
        "extraFeeJson": {},
        "cancelledExtraFeeJson": {},
        "isNPayUsed": True,
        "nPayChargedName": "페이머니",
        "nPayChargedStatusCode": "CT02",
        "nPayChargedDateTime": local(booking.registered_at + timedelta(seconds=12)),
        "nPayProductOrderNumber": order_number(booking, 2),
        "nPayOrderNumber": order_number(booking, 1),
    }
