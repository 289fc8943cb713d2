"""Payloads as Naver's partner API sends them; every person in them is invented."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

STORE = "900101"
PHONE = "01000001234"
NAME = "김시험"

_PAYLOAD: dict[str, Any] = {
    "bookingId": 7000000001,
    "businessId": 900101,
    "bookingStatusCode": "RC03",
    "name": NAME,
    "phone": PHONE,
    "email": "nobody@example.com",
    "userId": 4200001,
    "startDate": "2026-03-02",
    "bookingCount": 1,
    "totalPrice": 30000,
    "isNPayUsed": True,
    "completedCount": 2,
    "requestMessage": "창가 자리",
    "regDateTime": "2026-03-01T10:00:05+09:00",
    "confirmedDateTime": "2026-03-01T10:00:40+09:00",
    "nPayChargedStatusCode": "CT02",
    "nPayOrderJson": [{"nPayOrderNumber": "2026030100000001"}],
    "payments": [{"providerPaymentId": "p-1", "amount": 30000}],
    "bookingCoupons": [{"couponName": "평일 +1시간", "userCouponCode": "ABCD1234"}],
    "snapshotJson": {
        "startDateTime": "2026-03-02T07:00:00Z",
        "endDateTime": "2026-03-02T08:00:00Z",
        "name": NAME,
        "phone": PHONE,
        "email": "nobody@example.com",
        "bizItemName": "60분 촬영",
        "userAgentJson": {"raw": "UA", "nClientIp": "192.0.2.1", "NNB": "X"},
        "couponJson": [{"couponName": "평일 +1시간", "userCouponSeq": 1}],
        "customFormInputJson": [
            {"title": "용도", "isPersonalInfo": "n", "value": "프로필"},
            {"title": "주소", "isPersonalInfo": "y", "value": "비밀", "originalValue": "비밀"},
        ],
        "bookingOptionJson": [
            {"optionId": 1, "name": "무료 인화 (네이버 리뷰)", "bookingCount": 2, "price": 0}
        ],
    },
}


def make_payload(booking_id: int = 7000000001, **overrides: Any) -> dict[str, Any]:
    """A confirmed booking of 2026-03-02 16:00-17:00 KST; ``snapshot`` overrides the snapshot."""
    payload = deepcopy(_PAYLOAD)
    payload["snapshotJson"] |= overrides.pop("snapshot", {})
    return {**payload, "bookingId": booking_id, **overrides}
