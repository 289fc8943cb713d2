"""Differences that were intended, decided one by one: who says so, why, and until when.

An entry explains the differences at ``field`` (a pattern over the differences' own paths, such
as ``sms.store`` or ``ledger.remind_sms``) that the message kind of ``rule`` is about, in the
scenarios that it lists. An entry past its date explains nothing, and makes a run red by itself:
somebody has to decide again, or take it out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import Field

from booking_sms.config.yaml_source import read_yaml
from booking_sms.domain.model import Model
from booking_sms.domain.rule import RuleSet
from booking_sms.parity.differences import Difference

ANY_RULE = "*"
CUTOVER = "legacy"


class Explanation(Model):
    """One intended difference. ``rule`` names a rule of the set under test, or ``*``.

    ``scenarios`` are the runs in which it is intended; without any, in every run.
    """

    field: str = Field(min_length=1, pattern=r"^(sms|writes|ledger|telegram|slack)([.*].*)?$")
    rule: str = Field(min_length=1)
    reason: str = Field(min_length=10)
    owner: str = Field(min_length=1)
    expires: date
    scenarios: tuple[str, ...] = ()

    def is_expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return today > self.expires

    def covers(self, difference: Difference, kinds: Mapping[str, str], today: date) -> bool:
        """Whether this entry explains a difference; ``kinds`` by rule name."""
        if self.is_expired(today) or not fnmatchcase(difference.path, self.field):
            return False
        if self.scenarios and difference.scenario not in self.scenarios:
            return False
        return self.rule == ANY_RULE or kinds.get(self.rule) == difference.kind


class ExplainedFile(Model):
    """The file as it stands; an empty list is the normal case."""

    explained: tuple[Explanation, ...] = ()


def read_explained(path: Path, rules: RuleSet) -> tuple[Explanation, ...]:
    """Every entry; RuleInvalid with file and line for unknown keys and unknown rules."""
    source = read_yaml(path)
    entries = source.parse(ExplainedFile).explained
    for number, entry in enumerate(entries):
        if entry.rule != ANY_RULE and entry.rule not in kinds_of(rules):
            raise source.error(("explained", number, "rule"), f"no rule {entry.rule!r}")
    return entries


def explained_file(home: Path, rule_set: str) -> Path:
    """Where a rule set's intended differences stand: ``explained.yaml`` is the cutover's own."""
    name = "explained.yaml" if rule_set == CUTOVER else f"explained-{rule_set}.yaml"
    return home / "golden" / name


def kinds_of(rules: RuleSet) -> dict[str, str]:
    """Message kind by rule name."""
    return {rule.name: rule.kind for rule in rules.rules}


def is_explained(
    difference: Difference,
    entries: Sequence[Explanation],
    kinds: Mapping[str, str],
    today: date,
) -> bool:
    """Whether any entry explains the difference."""
    return any(entry.covers(difference, kinds, today) for entry in entries)
