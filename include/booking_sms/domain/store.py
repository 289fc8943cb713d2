"""A store of the chain: adding one is adding a YAML file, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from booking_sms.domain.errors import UnknownStore


@dataclass(frozen=True, kw_only=True)
class Store:
    """One store. ``sender`` None means the chain's default sender number.

    ``facts`` are free values for texts (address, parking, ...); a value ``secret:NAME`` is
    resolved at render from the secret store and never written to YAML.
    """

    store_id: str
    name: str
    alias: str
    sender: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StoreDirectory:
    """All stores, in the order in which their bookings are decided, and the chain's own facts.

    ``opt_out_number`` is the free 080 number that ends every advertising text.
    """

    stores: Mapping[str, Store]
    default_sender: str
    brand: str
    opt_out_number: str = ""

    def get(self, store_id: str) -> Store:
        """Return the store or raise UnknownStore with its id."""
        try:
            return self.stores[store_id]
        except KeyError:
            raise UnknownStore(store=store_id) from None

    def sender_for(self, store_id: str, *, store_specific: bool) -> str:
        """Sender number: the store's own where the message asks for it, else the default."""
        own = self.stores[store_id].sender if store_id in self.stores else None
        return own if store_specific and own else self.default_sender
