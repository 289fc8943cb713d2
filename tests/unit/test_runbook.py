"""The runbook against what it speaks of: alarms, links, commands, people."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from runbook_text import CAPITALS, NAMES, PLACEHOLDERS, PROJECT, RUNBOOK, Entry, read_entries

from booking_sms.cli.app import app
from booking_sms.monitoring.template import read_template

ALARMS = (
    "run-errors",
    "run-duration",
    "deadline-missed",
    "secrets-errors",
    "login-needs-person",
    "login-failures",
    "sms-failures",
    "texts-unaccounted",
    "windows-missed",
    "windows-failed",
    "silent-stores",
    "quarantined-rows",
    "visits-at-risk",
    "in-doubt-age",
    "backlog-age",
    "held-jobs",
    "audit-open",
    "throttles",
    "api-error-rate",
    "database-latency",
    "browser-start",
    "task-memory",
    "browser-memory",
    "etl-heartbeat",
    "dispatch-heartbeat",
    "reconcile-heartbeat",
    "watchdog-heartbeat",
    "airflow-unhealthy",
    "watchdog-blind",
    "dags-paused",
    "tasks-killed",
    "notices-failed",
    "canary-silent",
    "canary-alarm",
    "comparison-sms-mismatches",
    "comparison-db-mismatches",
    "comparison-telegram-mismatches",
    "comparison-match-percentage",
    "comparison-any-discrepancies",
)
SYMPTOMS = (
    "error-spike",
    "errors-and-secrets",
    "login-failures-rise",
    "no-texts",
    "high-latency",
    "data-missing",
    "tests-skipped",
    "mode-not-blocking",
    "threshold-exceeded",
)
PROGRAMS = {"booking-sms", "aws", "airflow", "curl", "docker"}
CHECKED_ONLY = {
    "curl -fsS AIRFLOW/api/v2/monitor/health",
    "docker compose --file deploy/compose.watchdog.yaml logs --tail 200 watchdog",
    "docker compose --file deploy/compose.watchdog.yaml restart watchdog",
    "docker compose logs --tail 200 SERVICE",
    "docker compose ps",
    "docker compose restart SERVICE",
    "docker compose restart scheduler",
    "docker compose restart worker",
}
"""Commands that no test runs, only compares with what they speak of."""
DOCS = (
    *sorted(path for path in (PROJECT / "docs").rglob("*.md") if path.name != "failures.md"),
    PROJECT / "README.md",
    PROJECT / "CONTRIBUTING.md",
)
ENTRIES = {entry.slug: entry for entry in read_entries()}
TYPED = [entry for entry in ENTRIES.values() if entry.commands]
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_INLINE = re.compile(r"`(booking-sms [^`]+)`")
_BLOCKS = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PERSON = re.compile(
    r"[\w.+-]+@[\w-]+\.\w+|(?<!\w)@[a-z]\w+|\b01\d-?\d{3,4}-?\d{4}\b|[김이박최정강조윤장임][가-힣]{1,2}\s?님"
)


def test_every_alarm_has_its_entry_and_its_severity() -> None:
    template = {alarm.entry: alarm.severity for alarm in read_template({}).alarms}

    assert sorted(template) == sorted(ALARMS)
    assert [name for name in ALARMS if name not in ENTRIES] == []
    assert [
        name
        for name, severity in template.items()
        if f"**{severity.capitalize()}**" not in ENTRIES[name].prose
    ] == []


@pytest.mark.parametrize("name", [*ALARMS, *SYMPTOMS])
def test_entry_says_what_it_means_who_acts_what_to_do_and_when_it_is_over(name: str) -> None:
    entry = ENTRIES[name]

    assert "[who and when](#escalation)" in entry.prose
    assert "\nOver when " in entry.prose
    assert entry.commands


@pytest.mark.parametrize("entry", TYPED, ids=lambda entry: entry.slug)
def test_what_the_reader_puts_in_is_said_before_the_first_command(entry: Entry) -> None:
    used = {name for command in entry.commands for name in command.placeholders}
    capitals = {word for command in entry.commands for word in CAPITALS.findall(command.line)}

    assert sorted(name for name in used if not entry.declares(name)) == []
    assert capitals <= PLACEHOLDERS | NAMES


def test_every_command_is_run_or_checked() -> None:
    commands = {command.line: command for entry in TYPED for command in entry.commands}
    by_program = {name: 0 for name in sorted(PROGRAMS)}
    for command in commands.values():
        by_program[command.program] += 1
    checked = {line for line, one in commands.items() if one.program in ("curl", "docker")}
    print("commands:", by_program, "checked only:", *sorted(checked), sep="\n  ")  # noqa: T201 (how much is run, for who reads the log)

    assert checked == CHECKED_ONLY
    assert all(count for count in by_program.values())


def test_compose_services_exist() -> None:
    asked = [shlex.split(line) for line in sorted(CHECKED_ONLY) if " compose " in line]
    named = [words for words in asked if {"restart", "logs"} & {*words}]

    assert [
        " ".join(words)
        for words in named
        if words[-1] not in PLACEHOLDERS and words[-1] not in _services(_compose_file(words))
    ] == []
    assert len(named) >= 6


def _compose_file(words: list[str]) -> Path:
    name = words[words.index("--file") + 1] if "--file" in words else "docker-compose.yaml"
    return PROJECT / name


def _services(path: Path) -> set[str]:
    return set(yaml.safe_load(path.read_text())["services"])


def test_saved_queries_are_asked_as_they_are_saved() -> None:
    saved = {_plain(query.text) for query in read_template({}).queries}
    asked = {
        _plain(words[words.index("--query-string") + 1])
        for entry in TYPED
        for command in entry.commands
        if "start-query" in (words := shlex.split(command.line))
    }

    assert asked <= saved
    assert len(asked) >= 9


def _plain(query: str) -> str:
    """A query in one line, whatever it is asked about."""
    return re.sub(
        r'(booking_id|job_id|run_id|window) = "[^"]*"', r"\1 = X", " ".join(query.split())
    )


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    local = [link for link in _LINK.findall(text) if "://" not in link and not link.startswith("/")]

    assert [link for link in local if not _exists(path, link)] == []


def _exists(source: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (source.parent / name).resolve() if name else source
    if not target.exists() or not anchor:
        return target.exists()
    return anchor in {entry.slug for entry in read_entries(target)}


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_commands_of_the_documents_exist_with_their_options(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    block_lines = [line for block in _BLOCKS.findall(text) for line in block.splitlines()]
    lines = [line for line in block_lines if line.startswith("booking-sms ")]
    lines += [line for line in _INLINE.findall(_BLOCKS.sub("", text))]

    assert [problem for line in lines if (problem := _problem(line))] == []


@cache
def commands_of_ours() -> Any:
    """The tree of commands, as the command line builds it."""
    return typer.main.get_command(app)


def _problem(line: str) -> str:
    """What is wrong with a command as it is written; empty if it could be typed."""
    words = re.split(r"\s+", re.sub(r"\s#.*$|[\[\]]", "", line.strip()))[1:]
    if "|" in line:
        return ""  # a synopsis of several commands, for eyes only
    command = commands_of_ours()
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    if hasattr(command, "commands") and words and re.fullmatch(r"[a-z][a-z-]*", words[0]):
        return f"{line}: no command {words[0]}"
    known = {option for parameter in command.params for option in parameter.opts}
    used = {word.split("=")[0] for word in words if re.match(r"--[a-z]", word)} - {"--help"}
    return f"{line}: no option {sorted(used - known)}" if used - known else ""


def test_a_wrong_command_would_be_seen() -> None:
    assert _problem("booking-sms doctor --fix") == ""
    assert "no option" in _problem("booking-sms doctor --mend")
    assert "no command" in _problem("booking-sms outbox resend BOOKING")


def test_no_entry_names_a_person() -> None:
    text = RUNBOOK.read_text(encoding="utf-8")
    prose = re.sub(r"`[^`]*`", "", _BLOCKS.sub("", text))

    assert _PERSON.findall(prose) == []
    assert [line for line in re.findall(r"--by (\S+)", text) if line != "NAME"] == []
