"""Changes a golden dataset: adds own expectations, or pins them anew after a review.

Recordings of the predecessor are never touched. Every change gives the manifest a new version
with its reason; nothing is written before every line was looked at.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from booking_sms.parity.dataset import (
    COUNT_OF_GUARD,
    COUNTS,
    MANIFEST,
    Change,
    Dataset,
    DatasetInvalid,
    GoldenFile,
    Guard,
    Manifest,
    counts_of,
    lines_of,
    read_dataset,
)
from booking_sms.parity.differences import Difference
from booking_sms.parity.invented import invented_names, personal_problems
from booking_sms.parity.own import Decide, differences

OWN_NAME = re.compile(r"^own(-[a-z0-9]+)*$")
Line = dict[str, Any]


def add_lines(
    dataset: Dataset, source: Path, to: str, decide: Decide, fresh: GoldenFile, *, reason: str
) -> Dataset:
    """Add a file's lines to the own expectations called ``to``; the new dataset.

    ``fresh`` describes the file if there is none yet (``new_entry``).
    DatasetInvalid with every problem: file, line and field. Nothing is written then.
    """
    _reason_given(reason)
    if not OWN_NAME.match(to):
        raise DatasetInvalid(f"{to}: to: only own expectations can be added: own, own-NAME")
    name = f"{to}.jsonl"
    entry = dataset.manifest.files.get(name) or fresh
    checked = _checked(dataset, source, entry, decide)
    added = [(number, json.loads(text)) for number, text in checked]
    _raise_doubled(dataset, source, added)
    path = dataset.path(name)
    before = [json.loads(text) for _, text in lines_of(path)] if path.exists() else []
    return _store(dataset, {name: (entry, [*before, *(line for _, line in added)])}, reason)


def new_outcomes(dataset: Dataset, decide: Decide) -> dict[str, list[tuple[Line, Line]]]:
    """(line, line with today's outcome) of every own file; raises as ``refresh`` does."""
    _refuse_changed_recordings(dataset)
    found: dict[str, list[tuple[Line, Line]]] = {}
    for name, file in dataset.named("own").items():
        path = dataset.path(name)
        texts = _checked(dataset, path, file, decide)
        pairs = ((number, json.loads(text)) for number, text in texts)
        found[name] = [
            (line, {**line, "expected": _without_id(decide(file, line, f"{path}:{number}"))})
            for number, line in pairs
        ]
    return found


def changes_of(found: Mapping[str, Sequence[tuple[Line, Line]]]) -> list[Difference]:
    """What a refresh would change in the expectations."""
    return [
        difference
        for pairs in found.values()
        for old, new in pairs
        for difference in differences(str(old["id"]), old["expected"], new["expected"])
    ]


def refresh(
    dataset: Dataset, found: Mapping[str, Sequence[tuple[Line, Line]]], reason: str
) -> Dataset:
    """Write today's outcomes of own files and pin all files anew; the same if nothing changed."""
    _reason_given(reason)
    _refuse_changed_recordings(dataset)
    entries = dataset.manifest.files
    lines = {name: (entries[name], [new for _, new in pairs]) for name, pairs in found.items()}
    return _store(dataset, lines, reason)


def new_entry(rule_set: str, form: str = "scenario") -> GoldenFile:
    """An entry whose counts are taken from the lines when they are stored."""
    return GoldenFile(
        kind="own",
        form="session" if form == "session" else "scenario",
        rule_set=rule_set,
        recorded_from="our own rules, reviewed",
        sha256="0" * 64,
        bytes=1,
        scenarios=1,
        categories={},
        minimum={"": 0},
        guards=("outcomes",),
    )


def _checked(
    dataset: Dataset, path: Path, file: GoldenFile, decide: Decide
) -> list[tuple[int, str]]:
    """The file's lines, if each is complete, can be decided and speaks of nobody."""
    invented = invented_names(dataset.folder)
    lines = lines_of(path)
    problems = [
        f"{path}:{number}: {problem}"
        for number, text in lines
        for problem in _line_problems(text, f"{path}:{number}", file, invented, decide)
    ]
    if not lines:
        problems.append(f"{path}: holds no scenario")
    if problems:
        raise DatasetInvalid("\n".join(problems))
    return lines


def _line_problems(
    text: str, place: str, file: GoldenFile, invented: frozenset[str], decide: Decide
) -> Iterator[str]:
    try:
        line = json.loads(text)
    except ValueError as error:
        yield f"no JSON: {error}"
        return
    if not isinstance(line, dict):
        yield "line: not an object"
        return
    if not isinstance(line.get("expected"), dict):
        yield "expected: is missing"
    yield from personal_problems(line, invented)
    outcome = decide(file, line, place)
    if "error" in outcome:
        yield f"cannot be decided: {outcome['error']}"


def _raise_doubled(dataset: Dataset, source: Path, added: Sequence[tuple[int, Line]]) -> None:
    known = {
        str(json.loads(text)["id"]): f"{name}:{number}"
        for name in dataset.manifest.files
        for number, text in lines_of(dataset.path(name))
    }
    problems = []
    for number, line in added:
        scenario = str(line["id"])
        if scenario in known:
            stands = f"{scenario!r} stands at {known[scenario]} already"
            problems.append(f"{source}:{number}: id: {stands}")
        known[scenario] = f"{source.name}:{number}"
    if problems:
        raise DatasetInvalid("\n".join(problems))


def _refuse_changed_recordings(dataset: Dataset) -> None:
    for name, file in dataset.named("legacy").items():
        path = dataset.path(name)
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != file.sha256:
            raise DatasetInvalid(
                f"{path}: sha256: a recording of the predecessor was changed; restore it, "
                "it is never recorded again"
            )


def _reason_given(reason: str) -> None:
    if len(reason.strip()) < 10:
        raise DatasetInvalid(f"{MANIFEST}: reason: say why, in ten letters or more")


def _store(
    dataset: Dataset, lines: Mapping[str, tuple[GoldenFile, list[Line]]], reason: str
) -> Dataset:
    """Write files, then the manifest that pins them; a version of its own if anything changed."""
    files = dict(dataset.manifest.files)
    for name, (entry, content) in lines.items():
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in content)
        _write(dataset.path(name), text)
        files[name] = _pinned(dataset.path(name), entry)
    if files == dataset.manifest.files:
        return dataset
    version = dataset.manifest.version + 1
    changes = (*dataset.manifest.changes, Change(version=version, reason=reason.strip()))
    manifest = Manifest(version=version, files=files, changes=changes)
    text = json.dumps(manifest.model_dump(mode="json"), ensure_ascii=False, indent=2) + "\n"
    _write(dataset.folder / MANIFEST, text)
    return read_dataset(dataset.folder)


def _pinned(path: Path, entry: GoldenFile) -> GoldenFile:
    """The entry with the file's checksum and counts; new categories must stay from now on."""
    raw, counted = path.read_bytes(), counts_of(path)
    # What was reviewed together must not become less; scenarios that come later may.
    kept = {name: least for name, least in entry.minimum.items() if name}
    minimum = {**counted["categories"], **kept}
    pins = {"sha256": hashlib.sha256(raw).hexdigest(), "bytes": len(raw), "minimum": minimum}
    fields = {name: counted[name] for name in COUNTS}
    guards = entry.guards if entry.bytes > 1 else _guards_of(counted)
    return entry.model_copy(update={**pins, **fields, "guards": guards})


def _guards_of(counted: Mapping[str, Any]) -> tuple[Guard, ...]:
    """Channels of a new file that say something, and so must go on doing so."""
    found = tuple(guard for guard, field in COUNT_OF_GUARD.items() if counted[field])
    return found[:-1] or found  # every scenario has an outcome: of use only where nothing else is


def _without_id(outcome: Mapping[str, Any]) -> Line:
    return {key: value for key, value in outcome.items() if key != "id"}


def _write(path: Path, text: str) -> None:
    """Whole or not at all: a reader never sees half a file."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".golden-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError:
        os.unlink(name)
        raise
