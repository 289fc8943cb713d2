"""The part of CloudWatch Logs Insights' query language that its documentation shows and we use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

COMMANDS = ("fields", "filter", "stats", "sort", "limit", "parse", "display", "dedup")
FUNCTIONS = frozenset([
    "avg",
    "count",
    "count_distinct",
    "max",
    "min",
    "pct",
    "stddev",
    "sum",
    "earliest",
    "latest",
    "bin",
    "datefloor",
    "dateceil",
    "fromMillis",
    "toMillis",
    "ispresent",
    "coalesce",
    "isempty",
    "isblank",
    "concat",
    "strlen",
    "trim",
    "toupper",
    "tolower",
    "substr",
    "replace",
    "strcontains",
    "abs",
    "ceil",
    "floor",
    "greatest",
    "least",
    "log",
    "sqrt",
])
WORDS = frozenset(["and", "or", "not", "in", "like", "as", "by", "asc", "desc"])
_STRING = re.compile(r'"[^"]*"|\'[^\']*\'|/[^/]*/')
_TOKEN = re.compile(r"@?[A-Za-z_][A-Za-z0-9_.]*|\d+[a-z]*|[^\sA-Za-z0-9_]")
_SPAN = re.compile(r"\d+(ms|s|m|h|d|w|mo|q|y)?")


def commands_of(text: str) -> list[tuple[str, list[str]]]:
    """(command, tokens) of each line of a query; strings and patterns are left out."""
    bare = _STRING.sub('""', text)
    parts = [part.strip() for part in bare.replace("\n", " ").split("|")]
    return [(part.split(" ", 1)[0], _TOKEN.findall(part)[1:]) for part in parts]


def problems_of(text: str) -> list[str]:
    """What the language does not have, or has otherwise; nothing for a good query."""
    return [problem for command, tokens in commands_of(text) for problem in _of(command, tokens)]


def _of(command: str, tokens: list[str]) -> Iterator[str]:
    if command not in COMMANDS:
        yield f"no command {command}"
        return
    for token, after in pairwise([*tokens, ""]):
        if after == "(" and token[0].isalpha() and token not in FUNCTIONS | WORDS:
            yield f"no function {token}"
        if token.upper() in {"CASE", "WHEN", "THEN", "END", "SELECT", "GROUP"}:
            yield f"no word {token}"
    if command == "limit" and not (len(tokens) == 1 and tokens[0].isdigit()):
        yield "limit takes a number"
    if command == "sort" and not tokens:
        yield "sort takes a field"
    if command == "stats" and (not tokens or tokens[0] not in FUNCTIONS):
        yield "stats takes a function"


def fields_of(text: str) -> frozenset[str]:
    """Fields of log lines that a query names: not its aliases, nor what CloudWatch adds (@...)."""
    found, aliases = set(), set()
    for _, tokens in commands_of(text):
        for before, token, after in zip(["", *tokens], tokens, [*tokens[1:], ""], strict=False):
            if before == "as":
                aliases.add(token)
            elif _is_field(token, after):
                found.add(token)
    return frozenset(found - aliases)


def _is_field(token: str, after: str) -> bool:
    is_name = token[0].isalpha() or token[0] == "_"
    return is_name and token not in WORDS and after != "(" and not _SPAN.fullmatch(token)
