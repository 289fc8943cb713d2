"""One check and what came of it. No finding holds a secret: errors carry names and codes only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from booking_sms.domain.errors import BookingSmsError

Severity = Literal["must", "should"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """What is looked at. ``see`` returns what it saw, or raises what is wrong.

    ``must``: without it no run goes well. ``should``: a run goes well, somebody will miss it.
    """

    name: str
    see: Callable[[], str]
    fix: str
    severity: Severity = "must"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was looked at, whether it is well, what was seen; ``fix`` is empty if it is well."""

    name: str
    ok: bool
    severity: Severity
    detail: str
    fix: str = ""

    @property
    def is_grave(self) -> bool:
        """Whether it must be settled before anything runs."""
        return not self.ok and self.severity == "must"

    def as_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return asdict(self)


def look(check: Check) -> Finding:
    """See once. Never raises for what is wrong, whatever it is that is wrong."""
    try:
        return Finding(name=check.name, ok=True, severity=check.severity, detail=check.see())
    except BookingSmsError as error:
        said = str(error)
    except httpx.HTTPError as error:
        said = f"unreachable: {type(error).__name__}"
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "Unknown")
        said = f"{error.operation_name} was refused: {code}"
    except (BotoCoreError, OSError) as error:
        said = type(error).__name__
    return Finding(name=check.name, ok=False, severity=check.severity, detail=said, fix=check.fix)
