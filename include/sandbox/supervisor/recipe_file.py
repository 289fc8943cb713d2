"""The recipe and the keys of a world: written at its birth, then kept."""

import base64
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sandbox.atomic_file import write_atomically
from sandbox.clock import ClockMode, parse_instant
from sandbox.supervisor.folder import WorldFolder
from sandbox.world.recipe import Recipe


class WorldMismatchError(ValueError):
    """The world in this folder was made differently."""


@dataclass(frozen=True)
class Wishes:
    """What the command line asked for; ``None`` where it said nothing."""

    seed: int | None = None
    at: datetime | None = None
    stores: int | None = None
    bookings: int | None = None

    def recipe(self) -> Recipe:
        """A recipe with defaults for the rest."""
        return Recipe(**{name: value for name, value in asdict(self).items() if value is not None})

    def check(self, recipe: Recipe) -> None:
        """Refuse if the world was made with other values than those asked for."""
        for name, wanted in asdict(self).items():
            made_with = getattr(recipe, name)
            if wanted is not None and wanted != made_with:
                raise WorldMismatchError(
                    f"this world was made with {name} {made_with}, not {wanted}; "
                    "use --fresh to wipe it and start anew"
                )


def load_recipe(folder: WorldFolder) -> Recipe | None:
    """The recipe of an existing world."""
    if not folder.recipe.exists():
        return None
    stored = json.loads(folder.recipe.read_text(encoding="utf-8"))
    return Recipe(**stored | {"at": parse_instant(stored["at"])})


def keep_recipe(folder: WorldFolder, wishes: Wishes) -> Recipe:
    """The existing world's recipe, checked against the wishes, or a new one, written down."""
    known = load_recipe(folder)
    if known is not None:
        wishes.check(known)
        return known
    recipe = wishes.recipe()
    stored = asdict(recipe) | {"at": recipe.at.isoformat()}
    write_atomically(folder.recipe, json.dumps(stored, indent=2) + "\n")
    return recipe


def keep_keys(folder: WorldFolder) -> dict[str, str]:
    """The world's own keys (Fernet and phone digest), made once."""
    if not folder.keys.exists():
        keys = {
            "fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "hmac_key": secrets.token_urlsafe(24),
        }
        write_atomically(folder.keys, json.dumps(keys, indent=2) + "\n")
    stored: dict[str, Any] = json.loads(folder.keys.read_text(encoding="utf-8"))
    return {name: str(value) for name, value in stored.items()}


def clock_mode(text: str | None) -> ClockMode:
    """The mode asked for; a fixed clock if nothing was."""
    return ClockMode(text or ClockMode.FIXED)
