"""A copy of the shipped rules, messages and stores that a test may break."""

from __future__ import annotations

import shutil
from pathlib import Path

from booking_sms.config.catalog_loader import load_catalog
from booking_sms.domain.errors import RuleInvalid

INCLUDE = Path(__file__).resolve().parents[3] / "include"


class CatalogFiles:
    """Files below a temporary folder; ``replace`` changes one, ``problems`` loads them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        for folder in ("rules", "messages", "stores"):
            shutil.copytree(INCLUDE / folder, home / folder)

    def replace(self, name: str, old: str, new: str) -> int:
        """Replace the first ``old`` in a file; return the line where it stood."""
        text = self.home.joinpath(name).read_text(encoding="utf-8")
        before, found, after = text.partition(old)
        assert found, f"{old!r} does not stand in {name}"
        self.write(name, before + new + after)
        return before.count("\n") + 1

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        self.home.joinpath(name).write_text(text, encoding="utf-8")

    def problems(self) -> list[str]:
        """What loading says is wrong, paths shortened to folder and file."""
        try:
            load_catalog(self.home, "legacy")
        except RuleInvalid as error:
            return str(error).replace(f"{self.home}/", "").splitlines()
        return []
