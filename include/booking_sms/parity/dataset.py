"""The golden datasets: what files there are, what each must hold, and whether it still does.

``manifest.json`` pins every file by checksum and counts. A file that was changed, cut short or
emptied cannot pass for the one that people reviewed.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from booking_sms.domain.errors import SettingsInvalid
from booking_sms.pipeline.summary import IDLE

MANIFEST = "manifest.json"
Guard = Literal["sms", "writes", "ledger", "telegram", "slack", "outcomes"]
Counted = dict[str, Any]
COUNTS = (
    "scenarios",
    "categories",
    "bookings",
    "sms",
    "writes",
    "ledger_rows_after",
    "telegram_lines",
    "slack_lines",
)
COUNT_OF_GUARD: Mapping[Guard, str] = {
    "sms": "sms",
    "writes": "writes",
    "ledger": "ledger_rows_after",
    "telegram": "telegram_lines",
    "slack": "slack_lines",
    "outcomes": "scenarios",
}


class DatasetInvalid(SettingsInvalid):
    """A golden dataset is not what its manifest says; names file and field."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GoldenFile(_Entry):
    """What one file must be.

    ``legacy`` files are recordings and never written again; ``own`` ones hold what we expect of
    rules that the predecessor never had. ``minimum`` asks for scenarios by category, ``guards``
    names the channels that must not be empty on either side.
    """

    kind: Literal["legacy", "own"]
    form: Literal["scenario", "session"] = "scenario"
    rule_set: str = ""
    recorded_from: str = Field(min_length=1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(gt=0)
    minimum: dict[str, int] = Field(min_length=1)
    guards: tuple[Guard, ...] = Field(min_length=1)
    scenarios: int = Field(gt=0)
    categories: dict[str, int]
    bookings: int = 0
    sms: dict[str, int] = {}
    writes: int = 0
    ledger_rows_after: int = 0
    telegram_lines: int = 0
    slack_lines: int = 0


class Change(_Entry):
    """Why the datasets got a new version."""

    version: int = Field(ge=1)
    reason: str = Field(min_length=10)


class Manifest(_Entry):
    """The file as it stands."""

    version: int = Field(ge=1)
    files: dict[str, GoldenFile] = Field(min_length=1)
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A folder of goldens with its manifest; ``sha256`` is the manifest's own."""

    folder: Path
    manifest: Manifest
    sha256: str

    def stamp(self) -> dict[str, Any]:
        """What a result says of the data it comes from."""
        return {"version": self.manifest.version, "sha256": self.sha256}

    def path(self, name: str) -> Path:
        """Where a file of the dataset stands."""
        return self.folder / name

    def named(self, kind: str) -> dict[str, GoldenFile]:
        """Files of a kind, in the manifest's order."""
        return {name: file for name, file in self.manifest.files.items() if file.kind == kind}


def read_dataset(folder: Path) -> Dataset:
    """The manifest of a folder; DatasetInvalid with file and field. Looks at no other file."""
    path = folder / MANIFEST
    try:
        raw = path.read_bytes()
        manifest = Manifest.model_validate_json(raw)
    except OSError as error:
        raise DatasetInvalid(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "file"
        raise DatasetInvalid(f"{path}: {where}: {first['msg']}") from None
    return Dataset(folder=folder, manifest=manifest, sha256=hashlib.sha256(raw).hexdigest())


def verified_dataset(folder: Path) -> Dataset:
    """The dataset, every file checked; DatasetInvalid with all problems, one a line."""
    dataset = read_dataset(folder)
    problems = list(problems_of(dataset))
    if problems:
        raise DatasetInvalid("\n".join(problems))
    return dataset


def problems_of(dataset: Dataset) -> Iterator[str]:
    """Every way in which the folder is not what the manifest says: ``file: field: what``."""
    for path in sorted(dataset.folder.glob("*.jsonl")):
        if path.name not in dataset.manifest.files:
            yield f"{path}: files: is not in {MANIFEST}"
    for name, file in dataset.manifest.files.items():
        yield from _file_problems(dataset.path(name), file)


def _file_problems(path: Path, file: GoldenFile) -> Iterator[str]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        yield f"{path}: cannot be read: {error.strerror}"
        return
    digest = hashlib.sha256(raw).hexdigest()
    for field, found, pinned in (("bytes", len(raw), file.bytes), ("sha256", digest, file.sha256)):
        if found != pinned:
            yield f"{path}: {field}: {found}, the manifest says {pinned}"
    try:
        counted = counts_of(path)
    except DatasetInvalid as error:
        yield str(error)
        return
    for field in COUNTS:
        if counted[field] != getattr(file, field):
            yield f"{path}: {field}: {counted[field]}, the manifest says {getattr(file, field)}"
    yield from _thin(path, file, counted)


def _thin(path: Path, file: GoldenFile, counted: Counted) -> Iterator[str]:
    """What is there, but too little of it to prove anything."""
    for category, least in file.minimum.items():
        found = counted["categories"].get(category, 0)
        if found < least:
            yield f"{path}: minimum.{category}: {found} scenarios, at least {least} are needed"
    for guard in file.guards:
        if not counted[COUNT_OF_GUARD[guard]]:
            yield f"{path}: guards: {guard}: nothing is expected there"


def counts_of(path: Path) -> Counted:
    """What a file holds, counted from its lines; DatasetInvalid with file and line."""
    lines = [_parsed(text, f"{path}:{number}") for number, text in lines_of(path)]
    sides = [line.get("expected") or {} for line in lines]
    sent = Counter(str(text.get("kind")) for side in sides for text in side.get("sms", ()))
    return {
        "scenarios": len(lines),
        "categories": dict(sorted(Counter(str(line.get("category")) for line in lines).items())),
        "bookings": sum(
            len(line.get("confirmed", ())) + len(line.get("completed", ())) for line in lines
        ),
        "sms": dict(sorted(sent.items())),
        "writes": sum(len(side.get("writes", ())) for side in sides),
        "ledger_rows_after": sum(len(side.get("ledger_after", ())) for side in sides),
        "telegram_lines": sum(_lines_said(side.get("telegram")) for side in sides),
        "slack_lines": sum(_lines_said(side.get("slack")) for side in sides),
    }


def lines_of(path: Path) -> list[tuple[int, str]]:
    """(number, text) of every line that is not empty; DatasetInvalid if the file is unreadable."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DatasetInvalid(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DatasetInvalid(f"{path}: cannot be read: not UTF-8") from None
    return [(n, line) for n, line in enumerate(text.split("\n"), start=1) if line.strip()]


def _parsed(text: str, place: str) -> Mapping[str, Any]:
    try:
        line = json.loads(text)
    except ValueError as error:
        raise DatasetInvalid(f"{place}: no JSON: {error}") from None
    if not isinstance(line, dict):
        raise DatasetInvalid(f"{place}: line: not an object")
    return line


def _lines_said(text: Any) -> int:
    """Lines that say something: that nothing was to send is no line."""
    said = text.split("\n") if isinstance(text, str) else text or ()
    return sum(bool(line) and line != IDLE for line in said)
