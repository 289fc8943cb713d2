"""Reads golden scenarios: one JSON object a line, each error with file and line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from booking_sms.domain.errors import SettingsInvalid
from booking_sms.domain.ledger import LedgerRow

Document = Mapping[str, Any]


class ScenarioInvalid(SettingsInvalid):
    """A line of a scenario file cannot be used."""


class _Key(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)

    booking_num: str
    phone: str


class _Message(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)

    kind: str
    to: str


class _Write(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)

    op: Literal["put", "update"]
    key: _Key


class _Expected(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    sms: list[_Message]
    writes: list[_Write]
    ledger_after: list[_Key]
    telegram: str
    slack: list[str] | str = ""


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str = Field(min_length=1)
    category: str = "none"
    title: str = ""
    now: AwareDatetime
    confirmed: list[dict[str, Any]]
    completed: list[dict[str, Any]]
    ledger_before: list[_Key]
    expected: _Expected | None = None


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One run of the predecessor seen from outside; ``expected`` None when nobody recorded it.

    ``confirmed`` and ``completed`` are raw payloads in API order; ``place`` is ``file:line``.
    """

    id: str
    category: str
    title: str
    now: datetime
    confirmed: tuple[Document, ...]
    completed: tuple[Document, ...]
    ledger_before: tuple[LedgerRow, ...]
    expected: Document | None
    place: str


def read_scenarios(path: Path, *, recorded: bool) -> list[Scenario]:
    """Every scenario of a file; with ``recorded`` each needs its expected outcome.

    Raises ScenarioInvalid with file and line: unreadable file, no JSON, wrong shape, an id that
    comes twice.
    """
    seen: dict[str, str] = {}
    scenarios = list(_scenarios(path))
    for scenario in scenarios:
        if scenario.id in seen:
            raise ScenarioInvalid(
                f"{scenario.place}: the id {scenario.id!r} stands at {seen[scenario.id]} already"
            )
        seen[scenario.id] = scenario.place
        if recorded and scenario.expected is None:
            raise ScenarioInvalid(f"{scenario.place}: expected: is missing")
    return scenarios


def _scenarios(path: Path) -> Iterator[Scenario]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise ScenarioInvalid(f"{path}: cannot be read: {reason}") from None
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield parse_scenario(line, f"{path}:{number}")


def parse_scenario(line: str, place: str) -> Scenario:
    """One line as a scenario; ScenarioInvalid names the place."""
    try:
        document = json.loads(line)
        parsed = _Line.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "line"
        raise ScenarioInvalid(f"{place}: {where}: {first['msg']}") from None
    except ValueError as error:
        raise ScenarioInvalid(f"{place}: no JSON: {error}") from None
    return Scenario(
        id=parsed.id,
        category=parsed.category,
        title=parsed.title,
        now=parsed.now,
        confirmed=tuple(parsed.confirmed),
        completed=tuple(parsed.completed),
        ledger_before=tuple(_row(item) for item in document["ledger_before"]),
        expected=document.get("expected"),
        place=place,
    )


def _row(item: Document) -> LedgerRow:
    return LedgerRow(booking_num=item["booking_num"], phone=item["phone"], item=dict(item))
