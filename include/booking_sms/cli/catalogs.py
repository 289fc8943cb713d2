"""The catalog for commands that look at rules and texts, without composing the application."""

from __future__ import annotations

from pathlib import Path

from booking_sms.config.catalog_loader import load_catalog
from booking_sms.config.settings import Settings, effective_environ
from booking_sms.domain.catalog import Catalog


def settings() -> Settings:
    """The settings, from the environment or a running embedded world."""
    return Settings.from_environ(effective_environ())


def include_folder() -> Path:
    """The folder with ``rules``, ``messages``, ``stores`` and ``golden``."""
    return settings().home


def catalog_of(rule_set: str) -> Catalog:
    """The checked catalog of a rule set; RuleInvalid with file and line of every problem."""
    return load_catalog(include_folder(), rule_set)
