"""What a world is made of: the same recipe always gives the same world."""

from dataclasses import dataclass
from datetime import date, datetime

from sandbox.clock import KST

FIRST_STORE = 900101
DEFAULT_AT = datetime(2026, 3, 2, 13, 40, tzinfo=KST)
DEFAULT_SEED = 1
DEFAULT_STORES = 8
DEFAULT_BOOKINGS = 60


@dataclass(frozen=True)
class Recipe:
    """Seed, first instant and size of a world."""

    seed: int = DEFAULT_SEED
    at: datetime = DEFAULT_AT
    stores: int = DEFAULT_STORES
    bookings: int = DEFAULT_BOOKINGS

    @property
    def day(self) -> date:
        """The day around which the named scenes happen."""
        return self.at.astimezone(KST).date()

    @property
    def store_ids(self) -> list[str]:
        """Ids of all stores, in order."""
        return [str(FIRST_STORE + number) for number in range(self.stores)]
