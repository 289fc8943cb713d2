"""Commands of a page, as a reader would type them."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[3] / "docs"
_ASSIGNED = re.compile(r"([A-Z_]+)=(\$\((.*)\)|.*)")
_HOW_IT_IS_PRINTED = frozenset({"--query", "--output"})
_FENCE = re.compile(r"^```\n(.*?)^```$", re.M | re.S)


def commands_of(page: str) -> list[list[str]]:
    """Words of every fenced command of a page, in order."""
    return commands_in((DOCS / page).read_text(encoding="utf-8"))


def commands_in(text: str) -> list[list[str]]:
    """The same of a page's text, or of its beginning."""
    lines = (line for block in _FENCE.findall(text) for line in block.splitlines())
    return [shlex.split(line) for line in lines if line.strip()]


def replaced(command: list[str], values: dict[str, str]) -> list[str]:
    """The command with what a reader puts in for the capital words."""
    return [_replaced(word, values) for word in command]


def _replaced(word: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        word = value if word == name else word
        if name == "PREFIX" and not _ASSIGNED.fullmatch(word):
            word = word.replace(name, value)
    return word


def assigned(command: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Variables in front of a command, each with the words of the command that fills it."""
    found: dict[str, list[str]] = {}
    words = list(command)
    while match := _ASSIGNED.fullmatch(words[0]):
        found[match[1]] = shlex.split(match[3] or match[2])
        words.pop(0)
    return found, words


def call_aws(clients: dict[str, Any], command: list[str]) -> Any:
    """What the AWS command line does: an operation of a client with its options."""
    _, service, operation, *rest = command
    client = clients[service]
    if operation == "wait":
        waiter, *options = rest
        return client.get_waiter(waiter.replace("-", "_")).wait(**_options(options))
    return getattr(client, operation.replace("-", "_"))(**_options(rest))


def _options(words: list[str]) -> dict[str, Any]:
    options = dict(zip(words[::2], words[1::2], strict=True))
    assert all(name.startswith("--") for name in options)
    return {
        _camel(name): _value(name, value)
        for name, value in options.items()
        if name not in _HOW_IT_IS_PRINTED
    }


def _camel(option: str) -> str:
    words = option.removeprefix("--").split("-")
    return "".join(word.capitalize() for word in words)


def _value(option: str, value: str) -> Any:
    if option == "--version-stages":
        return [value]
    if option.endswith("-specification"):
        name, _, flag = value.partition("=")
        return {name: json.loads(flag)}
    return value


def parse_own(command: list[str]) -> None:
    """Raises click's UsageError for a command or an option of ours that does not exist."""
    import click
    from typer.main import get_command

    from booking_sms.cli.app import app

    group: Any = get_command(app)
    words = command[1:]
    context = click.Context(group, info_name="booking-sms")
    while isinstance(group, click.Group):
        name, found, words = group.resolve_command(context, words)
        assert found is not None
        group, context = found, click.Context(found, info_name=name, parent=context)
    group.make_parser(context).parse_args(list(words))
