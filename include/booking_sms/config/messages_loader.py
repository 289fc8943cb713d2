"""Loads texts: every ``messages/*.yaml`` is one template; ``_replacements.yaml`` is for all."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from jinja2 import TemplateSyntaxError, meta
from pydantic import Field, model_validator

from booking_sms.config.yaml_source import YamlSource, join_problems, read_yaml
from booking_sms.domain.errors import RuleInvalid
from booking_sms.domain.message import is_encodable
from booking_sms.domain.model import Model, Slug
from booking_sms.domain.template import Form, MessageCatalog, MessageTemplate
from booking_sms.domain.text_language import parse_text, unknown_words

REPLACEMENTS_FILE = "_replacements.yaml"
TEXT_VARIABLES = frozenset({"booking", "store", "brand", "opt_out_number"})
"""What a text may name; everything else is refused at load, not at the door."""

NOTICE_VARIABLES = frozenset({
    "booking",
    "bookings",
    "brand",
    "count",
    "day",
    "rule",
    "store",
    "window",
})
"""What a notice may name. Whether it speaks of one booking or of several is its rule's scope."""


class MessageFile(Model):
    """One template as it stands in its file."""

    name: Slug
    description: str = ""
    subject: str = ""
    form: Form = "LMS"
    text: str | None = Field(None, min_length=1)
    stores: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_a_text(self) -> MessageFile:
        if self.text is None and not self.stores:
            raise ValueError("give text, stores or both")
        return self

    @model_validator(mode="after")
    def _subject_fits_form(self) -> MessageFile:
        if self.form == "notice" and self.subject:
            raise ValueError("a notice has no subject: its first line is read first")
        if self.form != "notice" and not self.subject:
            raise ValueError("give a subject")
        return self


class ReplacementsFile(Model):
    """One character each, and what SENS can send in its place."""

    replacements: dict[str, str]


def load_messages(directory: Path, *more: Path) -> MessageCatalog:
    """Every template by name, also of ``more`` folders that exist; a name is taken once.

    RuleInvalid lists every problem with file and line.
    """
    templates: dict[str, MessageTemplate] = {}
    problems: list[RuleInvalid] = []
    for source in chain.from_iterable(_sources(one, problems) for one in (directory, *more)):
        try:
            template = template_of(source)
        except RuleInvalid as error:
            problems.append(error)
            continue
        if template.name in templates:
            problems.append(source.error(("name",), f"the name {template.name!r} is taken"))
        templates[template.name] = template
    replacements = _replacements(directory / REPLACEMENTS_FILE, problems)
    if problems:
        raise join_problems(problems)
    return MessageCatalog(templates=templates, replacements=replacements)


def template_of(source: YamlSource) -> MessageTemplate:
    """The template in a parsed file; its Jinja2 sources are checked, not rendered."""
    parsed = source.parse(MessageFile)
    template = MessageTemplate(
        name=parsed.name,
        subject=parsed.subject,
        text=parsed.text,
        store_texts=parsed.stores,
        form=parsed.form,
    )
    known = NOTICE_VARIABLES if template.form == "notice" else TEXT_VARIABLES
    for where, text in {"subject": parsed.subject, **template.sources}.items():
        _check_source(source, tuple(where.split(".")), text, known)
    return template


def _sources(directory: Path, problems: list[RuleInvalid]) -> Iterator[YamlSource]:
    for path in sorted(directory.glob("*.yaml")):
        if path.name == REPLACEMENTS_FILE:
            continue
        try:
            yield read_yaml(path)
        except RuleInvalid as error:
            problems.append(error)


def _check_source(
    source: YamlSource, loc: tuple[str, ...], text: str, variables: frozenset[str]
) -> None:
    """Refuse broken Jinja2, unknown filters and names that no booking, store or chain has."""
    try:
        parsed = parse_text(text)
    except TemplateSyntaxError as error:
        raise source.error(loc, f"line {error.lineno} of the text: {error.message}") from None
    for line, problem in unknown_words(parsed):
        raise source.error(loc, f"line {line} of the text: {problem}")
    unknown = sorted(meta.find_undeclared_variables(parsed) - variables)
    if unknown:
        known = ", ".join(sorted(variables))
        raise source.error(loc, f"unknown variable {', '.join(unknown)}; known: {known}")


def _replacements(path: Path, problems: list[RuleInvalid]) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        source = read_yaml(path)
        table = source.parse(ReplacementsFile).replacements
        for character, instead in table.items():
            if len(character) != 1 or not all(map(is_encodable, instead)):
                raise source.error(("replacements", character), "one character to sendable text")
    except RuleInvalid as error:
        problems.append(error)
        return {}
    return table
