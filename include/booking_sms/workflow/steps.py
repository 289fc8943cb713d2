"""What every step returns."""

from __future__ import annotations

from typing import Any

Summary = dict[str, Any]
"""JSON-able counts and keys, never a person: it travels through XCom."""
