"""Loads the chain: ``stores/_chain.yaml`` and one file per store, named for its id."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from booking_sms.config.yaml_source import YamlSource, join_problems, read_yaml
from booking_sms.domain.errors import RuleInvalid
from booking_sms.domain.model import Model
from booking_sms.domain.store import Store, StoreDirectory

CHAIN_FILE = "_chain.yaml"
Sender = Annotated[str, Field(pattern=r"^[0-9]{8,11}$")]
FactName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
OWN_FIELDS = frozenset({"id", "name", "alias"})
"""Names under ``store.`` that a fact may not take."""


class ChainFile(Model):
    """What all stores share. ``default_sender`` must be registered with SENS."""

    brand: str = Field(min_length=1)
    default_sender: Sender
    opt_out_number: str = Field(pattern=r"^080-[0-9]{3,4}-[0-9]{4}$")


class StoreFile(Model):
    """One store. A fact ``secret:NAME#KEY`` is looked up in the secret store at render."""

    store_id: str = Field(pattern=r"^[0-9]+$")
    name: str = Field(min_length=1)
    alias: str = Field(min_length=1)
    sender: Sender | None = None
    facts: dict[FactName, str | int | bool] = Field(default_factory=dict)


def load_stores(directory: Path) -> StoreDirectory:
    """Every store, in the order of their file names; RuleInvalid lists every problem."""
    chain = read_yaml(directory / CHAIN_FILE).parse(ChainFile)
    stores: dict[str, Store] = {}
    problems: list[RuleInvalid] = []
    for path in sorted(directory.glob("*.yaml")):
        if path.name == CHAIN_FILE:
            continue
        try:
            store = store_of(read_yaml(path))
        except RuleInvalid as error:
            problems.append(error)
        else:
            stores[store.store_id] = store
    if problems:
        raise join_problems(problems)
    return StoreDirectory(stores=stores, **chain.model_dump())


def store_of(source: YamlSource) -> Store:
    """The store in a parsed file, whose id must be the file's name."""
    parsed = source.parse(StoreFile)
    if parsed.store_id != source.path.stem:
        raise source.error(("store_id",), f"the file is called {source.path.stem}")
    for name in parsed.facts:
        if name in OWN_FIELDS:
            raise source.error(("facts", name), f"store.{name} is the store's own field")
    return Store(**parsed.model_dump())
