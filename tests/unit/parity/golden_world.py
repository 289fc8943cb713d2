"""A golden dataset of a few lines in a folder of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from parity_world import INCLUDE

from booking_sms.parity.dataset import Dataset, read_dataset
from booking_sms.parity.dataset_change import add_lines, new_entry
from booking_sms.parity.invented import NAMES
from booking_sms.workflow.own_expectations import own_decider

DECIDE = own_decider(INCLUDE)
REASON = "a dataset for a test"
GOLDEN = INCLUDE / "golden"
DIGESTS = "examples/retouch-digest"


def lines(name: str) -> list[dict[str, Any]]:
    """The shipped lines of a file."""
    return [json.loads(line) for line in (GOLDEN / name).read_text(encoding="utf-8").splitlines()]


def write_lines(path: Path, content: list[dict[str, Any]]) -> Path:
    """A file of these lines."""
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in content)
    path.write_text(text, encoding="utf-8")
    return path


def make_dataset(folder: Path, digests: list[dict[str, Any]] | None = None) -> Dataset:
    """The recordings, shortened to 28 runs, and the digests that we expect ourselves."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NAMES).write_bytes((GOLDEN / NAMES).read_bytes())
    recorded = write_lines(folder / "recorded.jsonl", lines("legacy-decisions.jsonl")[:28])
    _pin_recording(folder, recorded)
    source = write_lines(folder.parent / "digests.jsonl", digests or lines("own-digest.jsonl"))
    return add_lines(
        read_dataset(folder), source, "own-digest", DECIDE, new_entry(DIGESTS), reason=REASON
    )


def _pin_recording(folder: Path, recorded: Path) -> None:
    import hashlib

    from booking_sms.parity.dataset import COUNTS, counts_of

    counted = counts_of(recorded)
    entry = {
        "kind": "legacy",
        "rule_set": "legacy",
        "recorded_from": "the predecessor",
        "sha256": hashlib.sha256(recorded.read_bytes()).hexdigest(),
        "bytes": recorded.stat().st_size,
        "minimum": {"mixed": 3},
        "guards": ["sms", "telegram"],
        **{name: counted[name] for name in COUNTS},
    }
    manifest = {"version": 1, "files": {recorded.name: entry}, "changes": []}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
