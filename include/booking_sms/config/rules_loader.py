"""Loads rule sets: ``rules/NAME.yaml`` holds the set called NAME."""

from __future__ import annotations

from pathlib import Path

from booking_sms.config.yaml_source import YamlSource, read_yaml
from booking_sms.domain.errors import RuleInvalid
from booking_sms.domain.rule import RuleSet


def load_rule_set(name: str, directory: Path) -> RuleSet:
    """The rule set of this name; RuleInvalid with file and line of every problem."""
    return rule_set_of(read_rule_file(name, directory))


def read_rule_file(name: str, directory: Path) -> YamlSource:
    """The parsed file of a rule set; RuleInvalid naming the sets that exist if it does not."""
    path = directory / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(found.stem for found in directory.glob("*.yaml"))) or "none"
        raise RuleInvalid(f"no rule set {name!r}; known: {known}")
    return read_yaml(path)


def rule_set_of(source: YamlSource) -> RuleSet:
    """The rule set in a parsed file, whose name must be the file's."""
    rules = source.parse(RuleSet)
    if rules.name != source.path.stem:
        raise source.error(("name",), f"the file is called {source.path.stem}")
    return rules
