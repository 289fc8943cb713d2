"""Options the customer chose, the categories they come from, and the store's questions."""

import zlib
from typing import Any

from sandbox.world.life import Booking, Option

_EXTRAS, _PERKS = 6_300_001, 6_300_002


def option_price(booking: Booking) -> int:
    """What the chosen options cost together."""
    return sum(option.price * option.count for option in booking.options or [])


def options_json(booking: Booking) -> list[dict[str, Any]] | None:
    """``bookingOptionJson``: the same list in the snapshot and at the top level."""
    if booking.options is None:
        return None
    return [_option(option, order) for order, option in enumerate(booking.options)]


def option_id(option: Option) -> int:
    """A stable id for an option name."""
    return 7_000_000 + zlib.crc32(option.name.encode()) % 1_000


def _option(option: Option, order: int) -> dict[str, Any]:
    free = option.price == 0
    return {
        "optionId": option_id(option),
        "name": option.name,
        "price": option.price,
        "bookingCount": option.count,
        "sumPrice": option.price * option.count,
        "categoryTypeCode": "CUSTOM",
        "isFree": free,
        "categoryId": _PERKS if free else _EXTRAS,
        "minBookingCount": 1,
        "maxBookingCount": max(1, option.count),
        "normalPrice": None if free else option.price,
        "remainStock": 99_999,
        "titleImageUrl": "",
        "isOnsitePayment": False,
        "impOrder": order - 1,
        "originalName": option.name,
    }


def option_categories() -> list[dict[str, Any]]:
    """``optionCategoriesJson`` of the snapshot."""
    return [
        _category(_EXTRAS, "추가 선택", "NUMBER", order=1),
        _category(_PERKS, "무료 혜택", "CHECK", order=2),
    ]


def _category(category_id: int, name: str, selection: str, order: int) -> dict[str, Any]:
    return {
        "categoryId": category_id,
        "parentCategoryId": None,
        "agencyKey": None,
        "brandId": None,
        "businessId": 900_100,
        "name": name,
        "depth": 1,
        "order": order,
        "selectionTypeCode": selection,
        "categoryTypeCode": "CUSTOM",
        "isDeleted": False,
        "regDateTime": "2025-01-02T10:00:00+09:00",
        "editedDateTime": None,
        "editorId": None,
        "deletedDateTime": None,
        "promotionType": None,
    }


def questions() -> list[dict[str, Any]]:
    """``customFormInputJson``: the store's question and the answer given."""
    choices = [
        {"idx": number, "value": text, "originalValue": text}
        for number, text in enumerate(("네, 확인했습니다", "아니요"))
    ]
    return [
        {
            "type": "SELECT",
            "title": "무인 이용 안내를 읽으셨나요?",
            "originalTitle": "무인 이용 안내를 읽으셨나요?",
            "required": "y",
            "options": choices,
            "perItem": "n",
            "isTemporal": "n",
            "isPersonalInfo": "n",
            "value": "네, 확인했습니다",
            "originalValue": "네, 확인했습니다",
        }
    ]
