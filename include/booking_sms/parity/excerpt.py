"""Sees a golden file that is a part of the pinned one: a copy that was cut short."""

from __future__ import annotations

from pathlib import Path


def cut_from(path: Path, pinned: Path) -> str:
    """Why the file is only a part of the pinned one; empty if it is whole, or another file.

    A file whose every line stands in the pinned one, but not all of them, is no dataset of its
    own: it would pass on fewer scenarios than anybody believes.
    """
    lines, whole = _lines(path), _lines(pinned)
    if not lines or not lines < whole:
        return ""
    return f"{path}: only {len(lines)} of the {len(whole)} scenarios of {pinned.name}: cut short"


def _lines(path: Path) -> set[str]:
    """The lines that say something; none of a file that cannot be read, which others report."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return set()
    return {line.strip() for line in text.split("\n") if line.strip()}
