"""Payments and pay orders: never needed for a text, so a reader must drop them."""

from datetime import timedelta
from typing import Any

from sandbox.world.life import Booking
from sandbox.world.payload.coupons import COUPON_NAME
from sandbox.world.payload.options import option_id
from sandbox.world.payload.times import local, local_date, zulu


def order_number(booking: Booking, digit: int) -> str:
    """A pay order number: the day, then a running number."""
    day = local_date(booking.registered_at).replace("-", "")
    return f"{day}{digit}{booking.booking_id % 10_000_000:07d}"


def payments_json(booking: Booking, total: int) -> list[dict[str, Any]]:
    """``payments``: one prepayment."""
    paid_at = booking.registered_at + timedelta(seconds=20)
    return [
        {
            "paymentId": 780_000_000 + booking.booking_id % 1_000_000,
            "bookingId": booking.booking_id,
            "moment": "PRE",
            "status": "PAID",
            "amount": total,
            "paidAmount": total,
            "paidPointAmount": 0,
            "provider": "NAVER_PAY",
            "providerOrderId": order_number(booking, 1),
            "providerPaymentId": f"{local_date(paid_at).replace('-', '')}NP{booking.booking_id}",
            "method": "NAVER_PAY_MONEY",
            "currency": "KRW",
            "exchangeRate": 1,
            "regDateTime": local(booking.registered_at),
            "editedDateTime": local(paid_at),
            "providerDiscountAmount": 0,
            "items": _items(booking),
            "statusHistories": _histories(booking),
            "nPayProductOrderInfo": _product_order(booking, total),
        }
    ]


def _items(booking: Booking) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = [
        {
            "name": option.name,
            "originalName": option.name,
            "price": option.price,
            "count": option.count,
            "targetType": "OPTION",
            "targetId": str(option_id(option)),
        }
        for option in booking.options or []
    ]
    if booking.coupon:
        gift = {"name": COUPON_NAME, "price": 0, "count": 1, "targetType": "COUPON_GIFT"}
        items.append({**gift, "targetId": "620001"})
    return items


def _histories(booking: Booking) -> list[dict[str, Any]]:
    steps = (("REGISTERED", 0), ("CHARGED", 12), ("PAID", 20))
    return [
        {"status": status, "dateTime": local(booking.registered_at + timedelta(seconds=seconds))}
        for status, seconds in steps
    ]


def _product_order(booking: Booking, total: int) -> dict[str, Any]:
    codes = [str(option_id(option)) for option in booking.options or []]
    return {
        "OptionCode": ",".join(codes),
        "ProductID": "880001",
        "ProductOrderID": order_number(booking, 2),
        "TotalPaymentAmount": total,
        "Quantity": 1,
        "SellerBurdenDiscountAmount": 0,
        "TotalDiscountAmt": 0,
        "CouponPubtNo": None,
        "OrderType": "PAYMENT",
        "OrderTypeId": order_number(booking, 3),
    }


def pay_orders(booking: Booking, total: int) -> list[dict[str, Any]]:
    """``nPayOrderJson``."""
    return [
        {
            "count": 1,
            "price": total,
            "bookingId": booking.booking_id,
            "regDateTime": zulu(booking.registered_at),
            "extraFeeJson": {},
            "cancelledExtraFeeJson": {},
            "nPayOrderSeq": 790_000_000 + booking.booking_id % 1_000_000,
            "nPayOrderType": "PAYMENT",
            "nPayOrderNumber": order_number(booking, 1),
            "nPayOrderTypeId": order_number(booking, 3),
            "nPayProductOrderNumber": order_number(booking, 2),
        }
    ]
