"""What every model of the owner's files shares: frozen, and strict about keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Wall = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Duration = Annotated[str, Field(pattern=r"^[0-9]+(m|h|d)$")]


class Model(BaseModel):
    """Frozen; unknown keys are refused; YAML's bare numbers are accepted where text is due."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        coerce_numbers_to_str=True,
        serialize_by_alias=True,
        validate_by_name=True,
    )
