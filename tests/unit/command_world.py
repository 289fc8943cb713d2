"""Commands as they are typed, over an application whose ports are all in memory."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

import typer
from typer.testing import CliRunner
from workflow_world import InMemoryApplication

from booking_sms.cli import plan
from booking_sms.testing import make_booking

INCLUDE = Path(__file__).resolve().parents[2] / "include"
GOLDEN = INCLUDE / "golden" / "legacy-decisions.jsonl"
PHONE = "01000001234"
commands = typer.Typer()
plan.register(commands)


@dataclass
class Shop:
    """A chain with one visit in an hour; its owner's files may be edited, ``home`` is a copy."""

    app: InMemoryApplication
    home: Path

    def run(self, *arguments: str | Path) -> Any:
        return CliRunner().invoke(commands, [str(argument) for argument in arguments])

    def answer(self, *arguments: str | Path, exit_code: int = 0) -> Any:
        result = self.run(*arguments, "--json")
        assert result.exit_code == exit_code, result.output
        return json.loads(result.stdout)

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.home / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    @property
    def told(self) -> list[str]:
        return list(self.app._owner_channel.texts)


def make_shop(tmp_path: Path, monkeypatch: Any) -> Shop:
    """The shipped files copied, and every command given the same in-memory application."""
    for folder in ("rules", "messages", "stores"):
        copytree(INCLUDE / folder, tmp_path / folder)
    monkeypatch.setenv("BOOKING_SMS_HOME", str(tmp_path))
    app = InMemoryApplication(home=tmp_path)
    app.source.put(make_booking(starts_in=timedelta(hours=1), phone=PHONE))
    monkeypatch.setattr("booking_sms.cli.composition.application", lambda at=None: app)
    return Shop(app, tmp_path)
