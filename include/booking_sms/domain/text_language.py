"""The language in which texts are written: Jinja2, sandboxed and strict, with our own filters.

The one place that knows it. Loading checks a text against it, rendering runs a text in it, so a
filter that one of them knows the other knows too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, UndefinedError, meta, nodes
from jinja2.sandbox import SandboxedEnvironment

from booking_sms.domain.korean_text import (
    PARTICLES,
    korean_date,
    korean_time,
    with_particle,
    won,
)
from booking_sms.domain.phone import written_phone

FILTERS: Mapping[str, Callable[..., str]] = {
    "korean_date": korean_date,
    "korean_time": korean_time,
    "particle": with_particle,
    "phone": written_phone,
    "won": won,
}
"""A value in, what stands in the text out; TypeError or ValueError holds the text."""

UNSTEADY = ("random",)
"""Filters of Jinja2 that are taken away: one message planned twice must read the same."""


def parse_text(source: str) -> nodes.Template:
    """The syntax tree; jinja2.TemplateSyntaxError when the source is broken."""
    return _environment().parse(source)


def names_in(source: str) -> set[str]:
    """Names that a text takes from outside."""
    return meta.find_undeclared_variables(parse_text(source))


def unknown_words(parsed: nodes.Template) -> Iterator[tuple[int, str]]:
    """Line and problem of each filter, test or pair of particles that does not exist."""
    environment = _environment()
    for node in parsed.find_all(nodes.Filter):
        if node.name not in environment.filters:
            yield node.lineno, f"unknown filter {node.name}; ours: {', '.join(FILTERS)}"
        elif node.name == "particle":
            yield from _unknown_pair(node)
    for test in parsed.find_all(nodes.Test):
        if test.name not in environment.tests:
            yield test.lineno, f"unknown test {test.name}"


@lru_cache(maxsize=512)
def compiled(source: str) -> Template:
    """A compiled text; sources are few and come back for every booking."""
    return _environment().from_string(source)


@lru_cache(maxsize=1)
def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_readable,
    )
    environment.filters |= FILTERS
    for name in UNSTEADY:
        del environment.filters[name]
    return environment


def _readable(value: Any) -> Any:
    """What may stand in a text as it is; lists, instants and nothing would read as code."""
    if isinstance(value, str) or (
        isinstance(value, int | float | StrictUndefined) and not isinstance(value, bool)
    ):
        return value
    raise UndefinedError(f"a value of type {type(value).__name__} cannot be read by people")


def _unknown_pair(node: nodes.Filter) -> Iterator[tuple[int, str]]:
    pair = node.args[0] if node.args else None
    if pair is None:
        yield node.lineno, "particle needs a pair, such as particle('을/를')"
    elif isinstance(pair, nodes.Const) and pair.value not in PARTICLES:
        yield node.lineno, f"unknown pair of particles; known: {', '.join(PARTICLES)}"
