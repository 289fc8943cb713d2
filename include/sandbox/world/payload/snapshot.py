"""``snapshotJson``: the copy frozen at booking time, and the only place with the real start."""

from typing import Any

from sandbox.world.catalogue import PRODUCTS, store_name
from sandbox.world.life import Booking
from sandbox.world.payload.coupons import snapshot_coupons
from sandbox.world.payload.options import option_categories, options_json, questions
from sandbox.world.payload.times import zulu

GUIDE_NOTE = "무인으로 운영됩니다.\n예약 시간에 맞춰 입장해 주세요."


def product_of(booking: Booking) -> tuple[int, str, int]:
    """Id, title and price of the booked product."""
    which = booking.booking_id % len(PRODUCTS)
    title, price = PRODUCTS[which]
    return 5_000_000 + int(booking.store) % 100 * 10 + which, title, price


def place_of(store: str) -> str:
    """The store's place id on the map."""
    return str(2_000_000_000 + int(store) % 100)


def snapshot_json(booking: Booking) -> dict[str, Any]:
    """The frozen copy."""
    return {
        **_identity(booking),
        **_slot(booking),
        **_booker(booking),
        **_policies(),
        **_addresses(booking),
        **_unused_objects(),
        "priceTypeJson": [_price_type(booking)],
        "optionCategoriesJson": option_categories(),
        "bookingOptionJson": options_json(booking),
        "customFormInputJson": questions(),
        "couponJson": snapshot_coupons(booking),
        "userAgentJson": _device(booking),
    }


def _identity(booking: Booking) -> dict[str, Any]:
    item_id, title, _ = product_of(booking)
    name = store_name(booking.store)
    return {
        "bookingId": booking.booking_id,
        "businessId": int(booking.store),
        "businessTypeId": 6,
        "bizItemId": item_id,
        "slotId": 10_900_000 + booking.booking_id % 100_000,
        "scheduleId": 10_700_000 + booking.booking_id % 100_000,
        "placeId": place_of(booking.store),
        "language": "ko",
        "businessName": name,
        "serviceName": name,
        "bizItemName": title,
        "bizItemSubType": "RESTAURANT_VISIT",
        "businessThumbImage": f"https://img.example/{booking.store}.png",
        "bizItemThumbImage": f"https://img.example/{item_id}.png",
    }


def _slot(booking: Booking) -> dict[str, Any]:
    return {
        "startDateTime": zulu(booking.start),
        "endDateTime": zulu(booking.end),
        "globalTimezone": "Asia/Seoul",
        "bookingCount": 1,
        "price": product_of(booking)[2],
        "bizItemPrice": 0,
        "bookingGuide": GUIDE_NOTE,
        "bookingPage": f"https://booking.example/bizes/{booking.store}",
        "termsVersion": "2026-01-01",
    }


def _booker(booking: Booking) -> dict[str, Any]:
    return {"name": booking.name, "phone": booking.phone, "email": booking.email}


def _policies() -> dict[str, Any]:
    return {
        "bookingTimeUnitCode": "RT00",
        "bookingConfirmCode": "CF01",
        "uncompletedBookingProcessCode": "UC01",
        "bookingPrecautionJson": [
            {"desc": "반려동물은 함께 들어올 수 없습니다.", "title": None, "externalUrl": None}
        ],
        "isPeriodFixed": False,
        "isSeatUsed": False,
        "isAdminBooking": False,
        "isNPayUsed": True,
        "isPossibleUserCancel": True,
        "isOnsitePayment": False,
        "isPartialCancelUsed": False,
        "isRequiringBookingOption": False,
        "isAgencyConnected": False,
        "nPayRegStatusCode": "PA01",
        "npayRegStatusCode": "PA01",
        "refundTimeOffset": 0,
        "allRefundSettingJson": {
            "refundLimitHour": None,
            "isAllRefundAgreed": False,
            "isAllRefundRequired": False,
            "allRefundPossibleHours": 1,
        },
    }


def _addresses(booking: Booking) -> dict[str, Any]:
    number = int(booking.store) % 100
    return {
        "businessAddressJson": {
            "jibun": f"가상시 별빛동 {number}",
            "jibunDetail": None,
            "roadAddr": f"가상시 별빛로 {number}",
            "roadDetail": None,
            "detail": f"{number}층",
            "placeName": None,
            "posLat": 37.0,
            "posLong": 127.0,
            "zipCode": "00000",
            "address": f"가상시 별빛로 {number}",
            "globalAddress": None,
            "miniMap": None,
            "zoomLevel": 11,
            "isImpLocationGuide": False,
        },
        "bizItemAddressJson": {**dict.fromkeys(_ITEM_ADDRESS), "zoomLevel": 11}
        | {"isImpLocationGuide": False},
    }


_ITEM_ADDRESS = (
    "jibun",
    "landLotNumberAddressDetail",
    "roadAddr",
    "roadNameAddressDetail",
    "detail",
    "placeName",
    "posLat",
    "posLong",
    "address",
    "globalAddress",
    "miniMap",
)


def _unused_objects() -> dict[str, Any]:
    objects = (
        "deliveryAddressJson",
        "todayDealJson",
        "userExtraRequestJson",
        "translateStatusJson",
        "extraFeeSettingJson",
        "paymentSettingJson",
    )
    arrays = ("bizItemDailyPriceJson", "seatGroupJson", "seatJson")
    return {name: {} for name in objects} | {name: [] for name in arrays}


def _price_type(booking: Booking) -> dict[str, Any]:
    return {
        "__typename": "Price",
        "isDefault": True,
        "priceId": 8_700_001,
        "agencyKey": None,
        "slotId": str(10_900_000 + booking.booking_id % 100_000),
        "scheduleId": str(10_700_000 + booking.booking_id % 100_000),
        "name": "기본",
        "priceTypeCode": None,
        "price": 0,
        "normalPrice": None,
        "desc": "",
        "order": 0,
        "groupName": None,
        "groupOrder": 0,
        "bookingCount": 1,
        "isImp": True,
        "saleStartDateTime": None,
        "saleEndDateTime": None,
        "sumPrice": 0,
        "originalName": "기본",
    }


def device_marks(booking: Booking) -> list[str]:
    """What identifies the customer's device in this payload."""
    return [f"canary-device {booking.booking_id}", f"NNB{booking.booking_id:X}CANARY"]


def _device(booking: Booking) -> dict[str, Any]:
    device, token = device_marks(booking)
    return {
        "raw": f"BookingApp/9.1 ({device})",
        "nClientIp": f"192.0.2.{booking.booking_id % 254 + 1}",
        "NNB": token,
    }
