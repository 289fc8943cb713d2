"""What is thrown away at the door, before a payload is parsed, staged or shown to a rule.

Dropped everywhere, by name: the customer's device (``userAgentJson`` with address and cookie),
payments (``payments``, everything ``nPay...``, provider order ids), redeemable coupon codes, the
delivery address, e-mail, and second copies of the person (``snapshotJson.name``, any nested
phone). Answers to a store's question are dropped when the store marked it as personal.

Kept, because rules have asked or may ask for them: status, dates, counts of earlier visits,
amounts, product, options, coupon names, the customer's request, the other answers, how it was
paid as a yes or no (``isNPayUsed``, ``isPostPayment``), and every field we do not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DROPPED = frozenset({
    "useragentjson",
    "useragent",
    "nclientip",
    "clientip",
    "nnb",
    "payments",
    "paymentsettingjson",
    "deliveryaddressjson",
    "usercouponcode",
    "usercouponseq",
})
_DROPPED_PREFIXES = ("npay", "provider")
_DROPPED_SUFFIXES = ("email", "phone", "phonenumber")
_PERSON = ("name", "phone")
_ANSWERS = ("value", "originalValue")
_DEEPEST = 24


def scrub_payload(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The payload without device and payment fields; unknown fields stay. Idempotent.

    The person's name and phone stay at the top level only, where ``parse_booking`` reads them.
    Values nested deeper than any booking become null; lone surrogates become ``?``.
    """
    document: dict[str, Any] = _scrub(payload, 0)
    if "phone" in payload:
        document["phone"] = _scrub(payload["phone"], 1)
    snapshot = document.get("snapshotJson")
    if isinstance(snapshot, dict):
        snapshot.pop("name", None)
    return document


def without_person(scrubbed: Mapping[str, Any]) -> dict[str, Any]:
    """A scrubbed payload without name and phone: what rules see as ``fields``."""
    return {key: value for key, value in scrubbed.items() if key not in _PERSON}


def _scrub(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if not isinstance(value, Mapping | list):
        return value
    if depth > _DEEPEST:
        return None
    if isinstance(value, list):
        return [_scrub(item, depth + 1) for item in value]
    kept = {key: _scrub(item, depth + 1) for key, item in value.items() if not _is_dropped(key)}
    return _without_personal_answer(kept)


def _is_dropped(name: str) -> bool:
    plain = name.lower()
    return (
        plain in _DROPPED
        or plain.startswith(_DROPPED_PREFIXES)
        or plain.endswith(_DROPPED_SUFFIXES)
    )


def _without_personal_answer(answer: dict[str, Any]) -> dict[str, Any]:
    if answer.get("isPersonalInfo") != "y":
        return answer
    return {key: value for key, value in answer.items() if key not in _ANSWERS}
