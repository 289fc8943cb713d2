"""Rule sets of any length: first rules like the chain's own, then every condition there is."""

from __future__ import annotations

from itertools import cycle, islice
from typing import Any

from booking_sms.bench.bookings import store_id
from booking_sms.domain.rule import RuleSet

Document = dict[str, Any]


def _status(status: str) -> Document:
    return {"type": "booking_status", "status": status}


def _not_sent(flag: str) -> Document:
    return {"type": "flag_not_set", "flag": flag}


CONFIRMED, COMPLETED, CANCELLED = map(_status, ("confirmed", "completed", "cancelled"))
KNOWN, NEW = {"type": "booking_in_db"}, {"type": "booking_not_in_db"}
EVENING = {"type": "current_hour", "hour": 20}
KEYWORDS = ["네이버", "인스타", "원본"]
STARTS_SOON = {"type": "time_before_booking", "hours": 2, "inclusive": False}
WHEN: tuple[list[Document], ...] = (
    [CONFIRMED, NEW],
    [CONFIRMED, KNOWN, {"type": "flag_is_false", "flag": "remind_sms"}, STARTS_SOON],
    [CONFIRMED, NEW, STARTS_SOON],
    [
        COMPLETED,
        EVENING,
        KNOWN,
        {"type": "flag_is_false", "flag": "option_sms"},
        {"type": "has_option_keyword", "keywords": KEYWORDS},
    ],
    [{"type": "booking_status_any", "statuses": ["confirmed", "requested"]}, STARTS_SOON],
    [CONFIRMED, {"type": "date_is_today"}, {"type": "before_visit", "within_minutes": 90}],
    [CONFIRMED, {"type": "store_id_matches", "store_ids": [store_id(0), store_id(3)]}, NEW],
    [CONFIRMED, {"type": "during_visit", "first_minutes": 30}, _not_sent("remind_sms")],
    [COMPLETED, {"type": "after_visit", "from_minutes": 60, "within_minutes": 120}],
    [COMPLETED, {"type": "has_pro_edit_option"}, _not_sent("option_sms")],
    [
        CONFIRMED,
        {"type": "has_multiple_options", "keywords": ["인원"], "min_count": 2},
        {"type": "date_range", "start_date": "2026-03-03", "end_date": "2026-03-05"},
    ],
    [CONFIRMED, {"type": "weekday", "days": ["sat", "sun"]}, _not_sent("confirm_sms")],
    [CONFIRMED, {"type": "holiday"}, {"type": "before_visit", "within_minutes": 1440}],
    [COMPLETED, {"type": "visit_count", "at_least": 5}, {"type": "amount", "at_least": 180_000}],
    [CONFIRMED, NEW, {"type": "source", "any_of": ["naver_talk"]}],
    [CONFIRMED, {"any": [{"type": "booking_changed"}, {"type": "phone_changed"}]}, STARTS_SOON],
    [{"type": "booking_cancelled", "within_minutes": 60}, KNOWN],
    [CONFIRMED, {"type": "sms_send_failed", "failure_threshold": 1}],
    [
        CONFIRMED,
        {"type": "field", "path": "snapshotJson.bizItemName", "op": "contains", "value": "90분"},
    ],
    [{"not": CANCELLED}, {"type": "weekday", "days": ["tue"], "of": "today"}],
    [
        CONFIRMED,
        {"any": [{"all": [NEW, STARTS_SOON]}, {"type": "amount", "at_least": 200_000}]},
        {"not": {"type": "has_option_keyword", "keywords": ["보정"]}},
    ],
)
"""Conditions of one rule each, over and over when more rules are asked for."""
FLAGS = {"confirm": "confirm_sms", "guide": "remind_sms", "event": "option_sms"}
KINDS = ("confirm", "guide", "welcome", "event")


def bench_rules(number: int) -> RuleSet:
    """So many rules that send texts; all condition types are there from 21 rules on."""
    rules = [_rule(place, when) for place, when in enumerate(islice(cycle(WHEN), number))]
    return RuleSet.model_validate({"name": "bench", "rules": rules})


def _rule(place: int, when: list[Document]) -> Document:
    """The first rules set the ledger's flags; later rounds ask at one store each."""
    kind = KINDS[place] if place < len(KINDS) else f"bench_{place}"
    rule: Document = {
        "name": f"bench-{place}",
        "kind": kind,
        "template": kind,
        "message_class": "information",
        "when": {"all": when},
        "not_after": {"visit_end": "1d"},
        "flag": FLAGS.get(kind, ""),
    }
    return rule | ({"stores": [store_id(place)]} if place >= 2 * len(WHEN) else {})
