"""Which sessions the partner site has met: some cookies it only hands out on its own pages."""

from collections.abc import Mapping

from sandbox.naver_booking.errors import FAULT_KINDS
from sandbox.service import Dump


class NaverBookingState:
    """The bookings themselves belong to the world; this is the partner site's own memory."""

    name = "naver_booking"
    fault_kinds: Mapping[str, tuple[str, ...]] = FAULT_KINDS

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """No session has visited yet."""
        self.visited: set[str] = set()

    def dump(self) -> Dump:
        """Sessions that opened a partner page."""
        return {"visited": sorted(self.visited)}

    def restore(self, dump: Dump) -> None:
        """Take a dump over."""
        self.visited = set(dump["visited"])
