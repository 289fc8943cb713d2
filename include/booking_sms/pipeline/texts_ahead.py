"""Bodies of the texts that are next, read many at once.

A body never changes under its digest, so one that was read a moment ago is as good as a fresh
one. Nothing is read before a first text is really about to leave: texts that wait, for a pause
or a switch, cost no reads at each tick.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from booking_sms.ports import BodyStore

AT_ONCE = 25
"""Bodies that one request reads."""
KEPT = 256
"""Most bodies in memory before all are forgotten."""


class TextsAhead:
    """Gives a body by digest, and reads the next ones with it."""

    def __init__(self, bodies: BodyStore) -> None:
        self._bodies = bodies
        self._known: dict[str, str] = {}
        self._next: tuple[str, ...] = ()

    def expect(self, digests: Iterable[str]) -> None:
        """Say which bodies will be asked for, in which order. Reads nothing."""
        self._next = tuple(dict.fromkeys(digests))

    def get(self, digest: str) -> str:
        """Return the text; raises what the store raises for it (KeyError, ConfigError)."""
        if digest not in self._known:
            self._read_from(digest)
        return self._known[digest]

    def _read_from(self, digest: str) -> None:
        """A neighbour that cannot be read is no failure of this one: it is asked for alone."""
        if len(self._known) + AT_ONCE > KEPT:
            self._known = {}
        unread = (each for each in self._next if each != digest and each not in self._known)
        wanted = [digest, *islice(unread, AT_ONCE - 1)]
        self._next = tuple(each for each in self._next if each not in wanted)
        self._known |= self._bodies.get_many(wanted)
        if digest not in self._known:
            self._known[digest] = self._bodies.get(digest)
