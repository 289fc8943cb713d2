"""Coupons: in the snapshot as chosen, at the top level as used."""

from datetime import timedelta
from typing import Any

from sandbox.world.life import Booking
from sandbox.world.payload.times import local

COUPON_NAME = "평일 1시간 더"
_GIFT = "평일 1시간 추가 이용"
_WEEKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]


def coupon_code(booking: Booking) -> str:
    """The code the customer holds."""
    return f"CP{booking.booking_id % 1_000_000:06d}"


def snapshot_coupons(booking: Booking) -> list[dict[str, Any]]:
    """``couponJson`` of the snapshot."""
    if not booking.coupon:
        return []
    return [
        {
            "couponName": COUPON_NAME,
            "couponType": "GIFT",
            "giftOption": _GIFT,
            "couponUseType": "BOOKING",
            "discountPrice": 0,
            "userCouponSeq": 51_000_000 + booking.booking_id % 1_000_000,
            "userCouponCode": coupon_code(booking),
            **_validity(booking),
            "discountPriceTruncationUnit": "UNDER_ONE",
            "couponDiscountInfos": _discounts(),
            "couponUseConditionInfo": _conditions(),
        }
    ]


def used_coupons(booking: Booking) -> list[dict[str, Any]]:
    """``bookingCoupons`` at the top level."""
    if not booking.coupon:
        return []
    return [
        {
            "bookingCouponSeq": 41_000_000 + booking.booking_id % 1_000_000,
            "bookingId": booking.booking_id,
            "userCouponSeq": 51_000_000 + booking.booking_id % 1_000_000,
            "status": "USED",
            "userCouponCode": coupon_code(booking),
            "promotionSeq": 610_001,
            "promotionTitle": COUPON_NAME,
            "promotionType": "DISCOUNT_OR_GIFT",
            "couponSeq": 620_001,
            "couponName": COUPON_NAME,
            "couponType": "GIFT",
            "couponUseType": "BOOKING",
            "couponDiscountInfos": _discounts(),
            "couponUseConditionInfo": _conditions(),
            "discountPrice": 0,
            "giftOption": _GIFT,
            **_validity(booking),
            "regDateTime": local(booking.registered_at),
            "editedDateTime": local(booking.registered_at),
        }
    ]


def _validity(booking: Booking) -> dict[str, Any]:
    return {
        "startDateTime": local(booking.registered_at - timedelta(days=3)),
        "endDateTime": local(booking.start + timedelta(days=30)),
    }


def _discounts() -> list[dict[str, Any]]:
    return [
        {
            "image": None,
            "menuTitle": COUPON_NAME,
            "giftOptions": [_GIFT],
            "targetPrice": None,
            "discountValue": None,
            "maximumDiscountAmount": None,
        }
    ]


def _conditions() -> dict[str, Any]:
    return {
        "usableTime": {"time": None, "weekdays": list(_WEEKDAYS)},
        "otherCondition": "",
        "minimumPaymentPrice": 30_000,
        "unableToBeUsedAlone": False,
        "unableToBeUsedWithOtherCoupons": None,
    }
