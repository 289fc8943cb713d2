"""Every ``booking-sms`` and ``aws`` command of the runbook, typed in a world that fits."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from runbook_text import PLACEHOLDER, Command, Entry, read_entries

from . import aws_typed
from .runbook_worlds import WORLDS, Reader
from .world import Done, Installation, World

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(600)]
TYPED_HERE = ("booking-sms", "aws")
ENTRIES = [
    entry
    for entry in read_entries()
    if any(command.program in TYPED_HERE for command in entry.commands)
]


def begin_log_group(chain: Installation) -> None:
    """Where an installation ships its log lines; there once, whoever made it."""
    done = aws_typed.typed(["logs", "create-log-group", "--log-group-name", "/booking-sms"], chain)
    assert done.code == 0 or "ResourceAlreadyExists" in done.err, done.err


def type_in(command: Command, reader: Reader, chain: Installation) -> Done:
    """Put in what the reader would, and run it."""
    line = PLACEHOLDER.sub(lambda found: reader.value(found.group()), command.line)
    program, *words = shlex.split(line)
    done = aws_typed.typed(words, chain) if program == "aws" else chain.cli(*words)
    reader.screen += done.out
    return done


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.slug)
def test_commands_end_as_the_runbook_says(
    entry: Entry,
    world: World,
    chain: Installation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)  # reports are written where the reader stands
    begin_log_group(chain)
    WORLDS[entry.world](world, chain)
    reader = Reader(world, chain)
    wrong = []

    for command in entry.commands:
        if command.program in TYPED_HERE:
            done = type_in(command, reader, chain)
            if done.code != command.exit_code:
                wrong.append(f"{command.line}: {done.code}, not {command.exit_code}: {done.said}")

    assert wrong == [], "\n".join(wrong)
