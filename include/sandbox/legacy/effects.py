"""What the switches changed: each run beside that of a twin that has none, act by act.

An act is a flag that turned or a text that was sent. The twin starts on the same table and lives on
its own, so that what a defect does hours later is still told from what would have been.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.legacy.run import FLAGS, Text
from sandbox.legacy.table import Key, Row

Act = tuple[str, str, str, str, str]
"""Channel, booking number, phone (digits), kind, and what was written or sent."""
BACK = "back"


def acts(before: Mapping[Key, Row], after: Mapping[Key, Row], sent: Iterable[Text]) -> Counter[Act]:
    """Everything that a run did, with how often."""
    found: Counter[Act] = Counter()
    for key, row in after.items():
        if row != before.get(key):
            found.update(_turned(key, before.get(key), row))
    found.update(("sms", text.booking_num, text.to, text.kind, text.content) for text in sent)
    return found


def effects(would: Counter[Act], did: Counter[Act]) -> list[dict[str, Any]]:
    """What the switches left out of a run, and what they added to it."""
    left_out = [_as_data(act, "left_out") for act in (would - did).elements()]
    return left_out + [_as_data(act, "added") for act in (did - would).elements()]


def _turned(key: Key, old: Row | None, row: Row) -> list[Act]:
    number, phone = key[0], key[1].replace("-", "")
    found: list[Act] = []
    for kind, flag in FLAGS.items():
        was, is_now = bool(old and old.get(flag)), bool(row.get(flag))
        if was != is_now:
            wrote = BACK if was else "" if old else str(row.get("booking_time", ""))
            found.append(("db", number, phone, kind, wrote))
    return found


def _as_data(act: Act, change: str) -> dict[str, Any]:
    channel, number, phone, kind, wrote = act
    return {
        "channel": channel,
        "booking_num": number,
        "phone": phone,
        "kind": kind,
        "wrote": wrote,
        "change": change,
    }
