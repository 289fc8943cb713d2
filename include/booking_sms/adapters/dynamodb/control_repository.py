"""``sms_control``: may we send, to whom not, how many so far, and who decided that.

All reads are strongly consistent: a switch that was turned is seen by the next intent.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from booking_sms.adapters.dynamodb.expressions import Expression
from booking_sms.adapters.dynamodb.table import Row, Table
from booking_sms.adapters.dynamodb.table_schema import TableNames
from booking_sms.adapters.dynamodb.text_counters import TextCounters
from booking_sms.adapters.dynamodb.values import instant_of, instant_text
from booking_sms.domain.delivery import checked_mode, digits_of, strictest
from booking_sms.domain.text_counts import TextCounts
from booking_sms.ports import AdvertisingRecord, Clock, OperatorChange, SendingState

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

MODE = "mode"
SWITCHES = "kill_switches"
OPT_OUT, ADVERTISED = "optout", "advertised"


class DynamoDbControlRepository:
    """Control items by name. ``hmac_key`` hides the numbers of customers."""

    def __init__(
        self, client: DynamoDBClient, tables: TableNames, *, clock: Clock, hmac_key: bytes
    ) -> None:
        self._table = Table(client, tables.control)
        self._texts = TextCounters(self._table)
        self._clock = clock
        self._hmac_key = hmac_key

    def delivery_mode(self, store_id: str | None = None) -> str:
        """The more cautious of the chain's mode and the store's own; absent is ``off``."""
        names = [MODE] if store_id is None else [MODE, _mode_name(store_id)]
        return _effective_mode(self._items(names), store_id or "")

    def set_delivery_mode(
        self, mode: str, *, by: str, reason: str, store_id: str | None = None
    ) -> None:
        """Set the mode of the chain or of one store; ValueError for one that does not exist."""
        name = _mode_name(store_id) if store_id else MODE
        self._set(name, checked_mode(mode), by, reason)

    def kill_switches(self) -> frozenset[str]:
        """Active kill switches: ``all``, ``store:ID``, ``rule:NAME``."""
        return _active(self._table.get({"name": SWITCHES}))

    def sending_state(self, store_ids: Collection[str], note: str) -> SendingState:
        """Modes of these stores, kill switches and a note: one request up to 97 stores."""
        own_modes = [_mode_name(store_id) for store_id in store_ids if store_id]
        found = self._items([MODE, SWITCHES, _note_name(note), *own_modes])
        return SendingState(
            modes={store_id: _effective_mode(found, store_id) for store_id in store_ids},
            switches=_active(found.get(SWITCHES)),
            note=_note_of(found.get(_note_name(note))),
        )

    def set_kill_switch(self, name: str, active: bool, *, by: str, reason: str) -> None:
        """Turn a kill switch on or off; two people may turn two switches at once."""
        self._record(f"kill#{name}", "on" if active else "off", by, reason)
        terms = Expression()
        verb = "ADD" if active else "DELETE"
        update = f"{verb} {terms.name('active')} {terms.value({name})}"
        self._table.update({"name": SWITCHES}, update, terms)

    def is_opted_out(self, phone: str) -> bool:
        """Whether this number refused advertising, however it is written."""
        return self._table.get({"name": self._name_of(OPT_OUT, phone)}) is not None

    def add_opt_outs(self, phones: Iterable[str]) -> None:
        """Remember numbers that refused advertising; only new ones are written."""
        names = dict.fromkeys(self._name_of(OPT_OUT, phone) for phone in phones)
        known = {row["name"] for row in self._table.get_many([{"name": n} for n in names])}
        at = instant_text(self._clock.now())
        for name in names:
            if name not in known:
                self._table.put({"name": name, "at": at})

    def last_advertising(self, phone: str) -> AdvertisingRecord | None:
        """The last advertising text to this number, however it is written."""
        row = self._table.get({"name": self._name_of(ADVERTISED, phone)})
        return AdvertisingRecord(job_id=row["job_id"], at=instant_of(row["at"])) if row else None

    def record_advertising(self, phone: str, record: AdvertisingRecord) -> None:
        """Remember an advertising text instead of the last; one item a number, no history."""
        name = self._name_of(ADVERTISED, phone)
        self._table.put({"name": name, "job_id": record.job_id, "at": instant_text(record.at)})

    def rollout_stage(self, rule: str) -> str | None:
        """Stored rollout stage of a rule, or None: the rule's own."""
        row = self._table.get({"name": f"rollout#{rule}"})
        return str(row["value"]) if row else None

    def set_rollout_stage(self, rule: str, stage: str, *, by: str, reason: str) -> None:
        """Set a rule's rollout stage."""
        self._set(f"rollout#{rule}", stage, by, reason)

    def add_to_counter(self, name: str, day: date, amount: int) -> int:
        """Add to a day's counter; return the new value.

        Atomic, not idempotent: a repeated try after a lost answer counts twice.
        """
        terms = Expression()
        update = f"ADD {terms.name('count')} {terms.value(amount)}"
        row = self._table.update({"name": _counter_name(name, day)}, update, terms)
        return int(row["count"]) if row else 0

    def counter(self, name: str, day: date) -> int:
        """Value of a day's counter, 0 when nothing was counted."""
        row = self._table.get({"name": _counter_name(name, day)}) or {}
        return int(row.get("count", 0))

    def count_texts(
        self, day: date, message_class: str, amount_of: Callable[[TextCounts], int]
    ) -> int:
        """Add to a day's texts, exactly once; return what was added."""
        return self._texts.count(day, message_class, amount_of)

    def texts_of_month(self, day: date) -> TextCounts:
        """Texts counted in the month that ``day`` lies in."""
        return self._texts.of_month(day)

    def put_note(self, name: str, value: Mapping[str, Any]) -> None:
        """Keep a JSON-able note by name (up to 400 KB with its name)."""
        self._table.put({"name": _note_name(name), "json": json.dumps(value, ensure_ascii=False)})

    def get_note(self, name: str) -> Mapping[str, Any] | None:
        """Read a note as JSON gives it back, or None."""
        return _note_of(self._table.get({"name": _note_name(name)}))

    def record_change(self, name: str, value: str, *, by: str, reason: str) -> None:
        """Keep that a person changed something that lives elsewhere."""
        self._record(name, value, by, reason)

    def operator_changes(self, month: date) -> tuple[OperatorChange, ...]:
        """Changes of the month that ``month`` lies in, oldest first."""
        row = self._table.get({"name": f"audit#{month:%Y-%m}"}) or {}
        return tuple(_change_of(entry) for entry in row.get("entries", ()))

    def _items(self, names: Sequence[str]) -> dict[str, Row]:
        return {row["name"]: row for row in self._table.get_many([{"name": n} for n in names])}

    def _set(self, name: str, value: str, by: str, reason: str) -> None:
        at = self._record(name, value, by, reason)
        self._table.put({"name": name, "value": value, "by": by, "reason": reason, "at": at})

    def _record(self, name: str, value: str, by: str, reason: str) -> str:
        """Write the trail before the change: what was changed is never without its record."""
        now = self._clock.now()
        at = instant_text(now)
        entry = {"name": name, "value": value, "by": by, "reason": reason, "at": at}
        terms = Expression()
        entries = terms.name("entries")
        so_far = f"if_not_exists({entries}, {terms.value([])})"
        update = f"SET {entries} = list_append({so_far}, {terms.value([entry])})"
        self._table.update({"name": f"audit#{now:%Y-%m}"}, update, terms)
        return at

    def _name_of(self, what: str, phone: str) -> str:
        digest = hmac.new(self._hmac_key, digits_of(phone).encode(), hashlib.sha256)
        return f"{what}#{digest.hexdigest()}"


def _mode_name(store_id: str) -> str:
    return f"{MODE}#{store_id}"


def _effective_mode(found: Mapping[str, Row], store_id: str) -> str:
    """The more cautious of the chain's mode and the store's own, if it has one."""
    rows = [found.get(_mode_name(store_id))] if store_id else []
    own = (row["value"] for row in rows if row is not None)
    return strictest(found.get(MODE, {}).get("value"), *own)


def _active(switches: Row | None) -> frozenset[str]:
    return frozenset((switches or {}).get("active", ()))


def _note_name(name: str) -> str:
    return f"note#{name}"


def _note_of(row: Row | None) -> Mapping[str, Any] | None:
    return json.loads(row["json"]) if row else None


def _counter_name(name: str, day: date) -> str:
    return f"counter#{name}#{day:%Y-%m-%d}"


def _change_of(entry: Row) -> OperatorChange:
    return OperatorChange(**{**entry, "at": instant_of(entry["at"])})
