"""Silences: a trouble that is known and worked on is not told of again and again.

A silence names an issue, a reason and an end. One that has ended is refused when the file is
read, so that a muting is taken out, or renewed by somebody who thought about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from booking_sms.domain.booking import KST
from booking_sms.domain.errors import SettingsInvalid

FILE = "silences.yaml"
LONGEST = timedelta(days=30)
"""Whatever is silent for longer is not being worked on."""

_FIELDS = frozenset({"key", "issue", "reason", "expires"})


@dataclass(frozen=True, kw_only=True)
class Silence:
    """Keys of notices (``run#sms_audit``, ``run#*``) that are not told of up to ``expires``.

    ``expires`` is a Korean day; the silence holds to its end.
    """

    key: str
    issue: str
    reason: str
    expires: date

    def covers(self, key: str, now: datetime) -> bool:
        """Whether a notice of this key is silent at that instant."""
        return now.astimezone(KST).date() <= self.expires and fnmatchcase(key, self.key)


@dataclass(frozen=True)
class Silences:
    """All silences; none is the usual state."""

    entries: tuple[Silence, ...] = ()

    def of(self, key: str, now: datetime) -> Silence | None:
        """The silence that covers a key, if one does."""
        return next((one for one in self.entries if one.covers(key, now)), None)


def read_silences(folder: Path, now: datetime) -> Silences:
    """Silences of ``silences.yaml``; none without the file.

    Raises SettingsInvalid with every problem at once: an unknown field, a missing issue or reason,
    an end that has passed or lies too far ahead.
    """
    path = folder / FILE
    if not path.exists():
        return Silences()
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError) as error:  # a 30th of February, another encoding
        said = type(error).__name__
        raise SettingsInvalid(f"{FILE} is not YAML in UTF-8 with days that exist: {said}") from None
    except OSError as error:
        raise SettingsInvalid(f"{FILE} cannot be read: {type(error).__name__}") from None
    return parse_silences(document, now)


def parse_silences(document: Any, now: datetime) -> Silences:
    """As ``read_silences``, from what the file says."""
    rows = (document or {}).get("silences", ()) if isinstance(document or {}, Mapping) else None
    if not isinstance(rows, list | tuple):
        raise SettingsInvalid(f"{FILE}: a list named silences is expected")
    problems = [
        f"{FILE}, silence {place}: {problem}"
        for place, row in enumerate(rows, start=1)
        for problem in _problems(row, now.astimezone(KST).date())
    ]
    if problems:
        raise SettingsInvalid("; ".join(problems))
    return Silences(tuple(Silence(**row) for row in rows))


def _problems(row: Any, today: date) -> Iterable[str]:
    if not isinstance(row, Mapping) or set(row) != _FIELDS:
        yield f"exactly these fields are needed: {', '.join(sorted(_FIELDS))}"
        return
    for name in ("key", "issue", "reason"):
        if not isinstance(row[name], str) or not row[name].strip():
            yield f"{name} must be a text that says something"
    yield from _problems_of_end(row["expires"], today)


def _problems_of_end(expires: Any, today: date) -> Iterable[str]:
    if type(expires) is not date:
        yield "expires must be a day, for example 2026-03-31"
    elif expires < today:
        yield f"it expired on {expires}: take it out, or renew it with a reason"
    elif expires > today + LONGEST:
        yield f"expires lies more than {LONGEST.days} days ahead"
