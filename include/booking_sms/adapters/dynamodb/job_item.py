"""A job as an item of ``sms_jobs``, and its conditional writes as DynamoDB expressions.

Attributes that hold their default are not stored: an item stays under 1 KB, one write unit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from booking_sms.adapters.dynamodb.expressions import Expression
from booking_sms.adapters.dynamodb.table import Row
from booking_sms.adapters.dynamodb.values import instant_of, instant_text
from booking_sms.domain.errors import JobUnreadable
from booking_sms.domain.job_moves import Guard, PlannedWrite
from booking_sms.domain.sms_job import FINAL, JOB_FIELDS, Attempt, JobState, LedgerEntry, SmsJob

KEY = ("booking_num", "sort_key")
WRITE_TOKEN = "write_token"  # noqa: S105 - the attribute's name
INSTANTS = frozenset({"not_before", "not_after", "due_at", "visit_at"})
ALWAYS_STORED = frozenset({"attempt", "lease_until"})
"""Compared by conditions, which are false on an absent attribute."""
DEFAULTS: Mapping[str, Any] = {
    f.name: f.default
    for f in fields(SmsJob)
    if f.default is not MISSING and f.name not in ALWAYS_STORED
}


NEEDED = frozenset(f.name for f in fields(SmsJob) if f.default is MISSING)
PLAIN_TYPES: Mapping[str, type] = {
    f.name: kind for f in fields(SmsJob) for kind in (str, int, bool) if f.type == kind.__name__
}
VERSION = "item_version"
"""Absent on our items: a later form of them has to say so, and is then left alone by this one."""


def job_key(job: SmsJob) -> Row:
    """Primary key of a job's item."""
    return {"booking_num": job.booking_num, "sort_key": job.sort_key}


def item_of(job: SmsJob, token: str) -> Row:
    """The whole item; an open job carries its shard, which puts it into the index."""
    item = {
        name: _stored(name, value)
        for name in JOB_FIELDS
        if not _is_default(name, value := getattr(job, name))
    }
    if job.state not in FINAL:
        item["open_shard"] = job.open_shard
    return {**item, WRITE_TOKEN: token}


def job_of(item: Mapping[str, Any]) -> SmsJob:
    """Read an item back; attributes that we do not know are left alone.

    Raises JobUnreadable, naming the key, for an unknown state or version, a missing attribute or
    one of another type.
    """
    problem = _problem(item)
    try:
        if not problem:
            return SmsJob(**{
                name: _loaded(name, item[name]) for name in JOB_FIELDS if name in item
            })
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        problem = type(error).__name__
    key = {name: str(item.get(name, "")) for name in KEY}
    raise JobUnreadable(reason=problem, **key)


def _problem(item: Mapping[str, Any]) -> str:
    """Why an item is no job of ours, by attribute; empty if nothing speaks against it."""
    missing = sorted(NEEDED - item.keys())
    if missing:
        return f"without {' '.join(missing)}"
    if item["state"] not in set(JobState):
        return f"unknown state {item['state']}"
    if item.get(VERSION, 1) != 1:
        return f"unknown version {item[VERSION]}"
    wrong = [n for n, kind in PLAIN_TYPES.items() if n in item and type(item[n]) is not kind]
    return f"wrong type of {' '.join(wrong)}" if wrong else ""


def update_of(
    write: PlannedWrite, token: str, terms: Expression, open_shard: int | None = None
) -> str:
    """Update expression of a planned write; a final state leaves the index of open jobs.

    With ``open_shard`` the job comes back into it.
    """
    put = {
        name: _stored(name, value)
        for name, value in write.changes.items()
        if not _is_default(name, value)
    }
    gone = [name for name in write.changes if name not in put]
    if write.is_final:
        gone.append("open_shard")
    if open_shard is not None:
        put["open_shard"] = open_shard
    update = f"SET {terms.assignments({**put, WRITE_TOKEN: token})}"
    return f"{update} REMOVE {', '.join(map(terms.name, gone))}" if gone else update


def condition_of(write: PlannedWrite, terms: Expression) -> str:
    """Condition expression of a planned write: all of its guards."""
    return " AND ".join(_guard(guard, terms) for guard in write.guards)


def _guard(guard: Guard, terms: Expression) -> str:
    if guard.operator == "in":
        return terms.is_one_of(guard.attribute, sorted(guard.value))
    if guard.operator == "=" and _is_default(guard.attribute, guard.value):
        return terms.is_absent(guard.attribute)
    value = _stored(guard.attribute, guard.value)
    return terms.compares(guard.attribute, guard.operator, value)


def _is_default(name: str, value: Any) -> bool:
    return name in DEFAULTS and bool(value == DEFAULTS[name])


def _stored(name: str, value: Any) -> Any:
    if name in INSTANTS:
        return instant_text(value)
    if name == "ledger":
        return _stored_ledger(value)
    if name == "attempts":
        return [_stored_attempt(attempt) for attempt in value]
    return value


def _loaded(name: str, value: Any) -> Any:
    if name == "state":
        return JobState(value)
    if name in INSTANTS:
        return instant_of(value)
    if name == "ledger":
        return _loaded_ledger(value)
    if name == "attempts":
        return tuple(_loaded_attempt(text) for text in value)
    return value


def _stored_ledger(entry: LedgerEntry) -> Row:
    named = {
        "phone": entry.phone,
        "name": entry.name,
        "time": entry.booking_time,
        "flag": entry.flag,
    }
    return {name: value for name, value in named.items() if value}


def _loaded_ledger(stored: Mapping[str, str]) -> LedgerEntry:
    return LedgerEntry(
        phone=stored.get("phone", ""),
        name=stored.get("name", ""),
        booking_time=stored.get("time", ""),
        flag=stored.get("flag", ""),
    )


def _stored_attempt(attempt: Attempt) -> str:
    """One line of JSON: a map would repeat its names in every entry."""
    values = (attempt.number, attempt.t0, attempt.outcome, attempt.code, attempt.request_id)
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def _loaded_attempt(text: str) -> Attempt:
    number, t0, outcome, code, request_id = json.loads(text)
    return Attempt(number=number, t0=t0, outcome=outcome, code=code, request_id=request_id)


__all__ = [
    "KEY",
    "WRITE_TOKEN",
    "condition_of",
    "item_of",
    "job_key",
    "job_of",
    "update_of",
]
