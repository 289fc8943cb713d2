"""DynamoDB expressions with every name and value behind a placeholder.

Half of our attributes (state, to, name, window...) are reserved words or may become one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from booking_sms.adapters.dynamodb.values import Item, to_attribute


@dataclass
class Expression:
    """Collects placeholders; one instance serves all expressions of one request."""

    names: dict[str, str] = field(default_factory=dict)
    values: Item = field(default_factory=dict)

    def name(self, attribute: str) -> str:
        """Placeholder of an attribute."""
        placeholder = f"#{attribute}"
        self.names[placeholder] = attribute
        return placeholder

    def value(self, value: Any) -> str:
        """Placeholder of a value."""
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = to_attribute(value)
        return placeholder

    def equals(self, attribute: str, value: Any) -> str:
        """``attribute = value``."""
        return f"{self.name(attribute)} = {self.value(value)}"

    def compares(self, attribute: str, operator: str, value: Any) -> str:
        """``attribute <operator> value``; false when the attribute is absent."""
        return f"{self.name(attribute)} {operator} {self.value(value)}"

    def is_one_of(self, attribute: str, values: list[Any]) -> str:
        """``attribute IN (values)``."""
        return f"{self.name(attribute)} IN ({', '.join(self.value(v) for v in values)})"

    def is_absent(self, attribute: str) -> str:
        """The item has no such attribute (or there is no item)."""
        return f"attribute_not_exists({self.name(attribute)})"

    def default(self, attribute: str, value: Any) -> str:
        """An assignment that keeps what is there already."""
        name = self.name(attribute)
        return f"{name} = if_not_exists({name}, {self.value(value)})"

    def assignments(self, values: Mapping[str, Any]) -> str:
        """``a = x, b = y`` for a SET clause."""
        return ", ".join(self.equals(name, value) for name, value in values.items())

    @property
    def placeholders(self) -> dict[str, Any]:
        """Request parameters for the placeholders; empty ones are left out, as AWS demands."""
        request: dict[str, Any] = {}
        if self.names:
            request["ExpressionAttributeNames"] = self.names
        if self.values:
            request["ExpressionAttributeValues"] = self.values
        return request
