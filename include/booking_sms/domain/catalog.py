"""Rules, messages and stores that were checked together: one bundle, one digest."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property

from booking_sms.domain.rule import RuleSet, content_digest
from booking_sms.domain.store import StoreDirectory
from booking_sms.domain.template import MessageCatalog


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """Everything the owner edits, as one consistent whole."""

    rules: RuleSet
    messages: MessageCatalog
    stores: StoreDirectory

    @cached_property
    def digest(self) -> str:
        """Short hash of the whole; it changes when any rule, text or store changes."""
        parts = (self.rules.digest, self.messages.digest, content_digest(asdict(self.stores)))
        return content_digest(parts)
