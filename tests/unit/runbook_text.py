"""The runbook as its tests read it: entries, their world, placeholders and commands."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
RUNBOOK = PROJECT / "docs" / "runbook.md"
PLACEHOLDERS = frozenset({
    *("AIRFLOW", "BOOKING", "CAMPAIGN", "DAG", "DAY", "END", "HASH", "JOB", "NAME", "PLAN"),
    *("REQUEST", "RUN", "SECRET", "SERVICE", "SINCE", "START", "STORE", "UNTIL", "WINDOW"),
})
"""Words in capitals that the reader replaces."""
NAMES = frozenset({"SENS", "COUNT"})
"""Words in capitals that stay as they are."""
PLACEHOLDER = re.compile(rf"\b(?:{'|'.join(sorted(PLACEHOLDERS))})\b")
CAPITALS = re.compile(r"\b[A-Z]{3,}\b")
_HEADING = re.compile(r"^(#{2,3}) (.+)$", re.MULTILINE)
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_WORLD = re.compile(r"^<!-- world: ([\w-]+) -->$", re.MULTILINE)
_EXIT = re.compile(r"\s+# exit (\d)(?: .*)?$")


@dataclass(frozen=True)
class Command:
    """One line of a block, and the exit code that the runbook says it ends with."""

    line: str
    exit_code: int

    @property
    def program(self) -> str:
        return shlex.split(self.line)[0]

    @property
    def placeholders(self) -> frozenset[str]:
        return frozenset(PLACEHOLDER.findall(self.line))

    def filled(self, values: dict[str, str]) -> list[str]:
        """Words as a shell gives them to the program, with the reader's values put in."""
        line = PLACEHOLDER.sub(lambda found: values[found.group()], self.line)
        return shlex.split(line)


@dataclass(frozen=True)
class Entry:
    """A heading and what is below it, up to the next heading."""

    title: str
    level: int
    text: str

    @property
    def slug(self) -> str:
        kept = re.sub(r"[^\w\- ]", "", self.title.strip().lower())
        return kept.replace(" ", "-")

    @property
    def world(self) -> str:
        """Name of the state in which its commands are tried; calm if it names none."""
        found = _WORLD.search(self.text)
        return found.group(1) if found else "calm"

    @cached_property
    def commands(self) -> list[Command]:
        """Every line of every block, comment lines left out."""
        return [
            command_of(line)
            for language, block in _BLOCK.findall(self.text)
            if language in ("console", "bash", "")
            for line in block.splitlines()
            if line.strip() and not line.startswith("#")
        ]

    @property
    def prose(self) -> str:
        """Everything outside the blocks."""
        return _BLOCK.sub("", self.text)

    def declares(self, placeholder: str) -> bool:
        """Whether the prose before the first block says what to put in."""
        return f"`{placeholder}`" in _BLOCK.split(self.text, maxsplit=1)[0]


def command_of(line: str) -> Command:
    found = _EXIT.search(line)
    return Command(_EXIT.sub("", line).strip(), int(found.group(1)) if found else 0)


def read_entries(path: Path = RUNBOOK) -> list[Entry]:
    """Every heading of the second and third level, in order."""
    text = path.read_text(encoding="utf-8")
    found = list(_HEADING.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    return [
        Entry(match.group(2), len(match.group(1)), text[match.end() : end])
        for match, end in zip(found, ends, strict=True)
    ]
