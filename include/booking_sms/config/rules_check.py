"""Checks rule files one by one and keeps every problem: what ``booking-sms rules check`` says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from booking_sms.config.catalog_loader import catalog_with, load_texts, review_lines
from booking_sms.config.stores_loader import load_stores
from booking_sms.config.yaml_source import YamlSource, read_yaml
from booking_sms.domain.catalog import Catalog
from booking_sms.domain.errors import RuleInvalid
from booking_sms.domain.rule_review import Severity
from booking_sms.domain.store import StoreDirectory
from booking_sms.domain.template import MessageCatalog

_LINE = re.compile(r"^(?P<file>.+?):(?P<line>[0-9]+): (?P<message>.*)$")


@dataclass(frozen=True)
class Note:
    """One problem: ``file:line: message``. Line 0: no single place in the file."""

    file: str
    line: int
    message: str

    @classmethod
    def parse(cls, text: str) -> Note:
        """A line of a RuleInvalid."""
        match = _LINE.match(text)
        if match is None:
            return cls("", 0, text)
        return cls(match["file"], int(match["line"]), match["message"])

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.file else self.message


@dataclass(frozen=True, kw_only=True)
class CheckedFile:
    """One rule file: its catalog when it can be used, what refuses it, and what looks odd."""

    path: Path
    source: YamlSource | None = None
    catalog: Catalog | None = None
    errors: tuple[Note, ...] = ()
    warnings: tuple[Note, ...] = ()


def check_rule_files(
    paths: Iterable[Path], home: Path, today: date | None = None
) -> list[CheckedFile]:
    """Each file with the texts and stores of ``home``; what is wrong with those is said too.

    With ``today``, the Korean date, rules whose days are over are warned of.
    """
    texts = cache(lambda folder: load_texts(folder, home))
    stores = cache(lambda: load_stores(home / "stores"))
    return [_checked(path, texts, stores, today) for path in paths]


def _checked(
    path: Path,
    texts: Callable[[Path], MessageCatalog],
    stores: Callable[[], StoreDirectory],
    today: date | None,
) -> CheckedFile:
    try:
        source = read_yaml(path)
        catalog = catalog_with(source, texts(path.parent), stores())
    except RuleInvalid as error:
        return CheckedFile(path=path, errors=notes_of(str(error).splitlines()))
    warnings = notes_of(review_lines(source, catalog, Severity.WARNING, today))
    return CheckedFile(path=path, source=source, catalog=catalog, warnings=warnings)


def notes_of(lines: Iterable[str]) -> tuple[Note, ...]:
    """Lines of ``file:line: message`` as notes."""
    return tuple(Note.parse(line) for line in lines)


def rule_files(target: str, rules: Path) -> list[Path]:
    """The files that a name, a file or a folder means; RuleInvalid when it means none."""
    path = Path(target)
    if path.is_dir():
        found = sorted(path.glob("*.yaml"))
    else:
        found = [one for one in (path, rules / f"{target}.yaml") if one.is_file()][:1]
    if not found:
        known = ", ".join(sorted(one.stem for one in rules.glob("*.yaml"))) or "none"
        raise RuleInvalid(f"no rule set {target!r}, and no file or folder of rules; known: {known}")
    return found
