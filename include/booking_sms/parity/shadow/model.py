"""What one window of a shadow campaign showed of both sides. No phone, no name: digests only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from booking_sms.domain.window import WINDOW_LENGTH

DB, SMS = "db", "sms"
EVENT = "event"
WITHOUT_NUMBER = "kind=empty"
"""How the reason of a job ends that is held since its booking has no phone at all."""
TOLERANCE = WINDOW_LENGTH
"""The predecessor writes over minutes and both look at slightly different instants."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The candidate decided a message. ``phone`` and ``to`` are digests.

    ``booking_time`` is the start as the ledger writes it (KST wall clock). An empty
    ``body_sha`` means a text that could not be rendered: it equals any text. ``held`` says why
    the phone cannot be texted, where it cannot.
    """

    booking_num: str
    phone: str
    to: str
    kind: str
    booking_time: str
    body_sha: str = ""
    held: str = ""

    def is_comparable(self, channel: str) -> bool:
        """Whether the predecessor must have done the same.

        It flagged whatever number stood there, and no text reaches one that is none; without a
        number it did not get as far as a flag.
        """
        return not self.held or (channel == DB and not self.held.endswith(WITHOUT_NUMBER))


@dataclass(frozen=True, kw_only=True)
class Change:
    """One flag of the predecessor's table that changed between two reads.

    ``went_back`` is a flag that was true and is not any more: nobody may do that.
    """

    booking_num: str
    phone: str
    kind: str
    booking_time: str
    is_new_row: bool = False
    went_back: bool = False


@dataclass(frozen=True, kw_only=True)
class SentText:
    """One text of the predecessor's, as the gateway lists it; an unknown content equals any.

    ``booking_num`` is that of the only row with this phone; empty where there are several or none.
    """

    to: str
    body_sha: str
    at: datetime
    booking_num: str = ""


@dataclass(frozen=True, kw_only=True)
class Span:
    """First and last visit among rows whose event text is open (KST wall clock)."""

    first: str
    last: str


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What the predecessor could derive for one store: from all rows, from the first page."""

    whole: Span | None
    first_page: Span | None


@dataclass(frozen=True, kw_only=True)
class WindowSides:
    """One window. A side that nobody saw is None, never empty.

    ``since`` is the window of the read before: the changes lie after it, at this one or earlier.
    ``reach`` is by store in the predecessor's order, of the table as the run found it. ``unread``
    are the stores that the candidate could not read: it decided nothing for them. With
    ``other_rules`` another catalog decided than the campaign was opened with: the window says
    nothing about this campaign, so its candidate is None.
    """

    as_of: datetime
    candidate: tuple[Decision, ...] | None = None
    changes: tuple[Change, ...] | None = None
    since: datetime | None = None
    texts: tuple[SentText, ...] | None = None
    reach: Mapping[str, Reach] | None = None
    unread: tuple[str, ...] = ()
    other_rules: bool = False

    @property
    def first_possible(self) -> datetime:
        """Earliest window in which the changes may have been decided."""
        return self.since + WINDOW_LENGTH if self.since is not None else self.as_of

    @property
    def is_observed(self) -> bool:
        """Whether both sides were seen in this very window, not only up to it."""
        whole = self.changes is not None and self.first_possible == self.as_of
        return whole and self.candidate is not None

    def was_decided(self, store: str) -> bool:
        """Whether the candidate looked at this store; at every one, where it is not named."""
        return self.candidate is not None and (
            store not in self.unread if store else not self.unread
        )


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One difference. ``window`` is the candidate's where it decided, else the predecessor's.

    ``to`` is the recipient's digest where a text differs: never shown.
    """

    channel: str
    what: str
    booking_num: str
    kind: str
    window: datetime
    other: datetime | None = None
    explained: str = ""
    to: str = ""

    @property
    def store_id(self) -> str:
        """The store that the booking belongs to; empty for a text of nobody known."""
        return self.booking_num.partition("_")[0]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What a comparison found. ``shifted``: pairs one window apart; ``pending``: too young.

    ``other_rules`` are those of the unobserved that another catalog decided.
    ``not_compared``: beside something that nobody observed. ``not_comparable``: decided for a phone
    that cannot be texted, where the predecessor could do nothing alike.
    """

    windows: tuple[datetime, ...] = ()
    unobserved: tuple[datetime, ...] = ()
    other_rules: tuple[datetime, ...] = ()
    stores_unobserved: Mapping[datetime, tuple[str, ...]] = field(default_factory=dict)
    pairs: Mapping[str, int] = field(default_factory=dict)
    by_kind: Mapping[str, int] = field(default_factory=dict)
    candidate_items: int = 0
    legacy_items: int = 0
    texts_observed: bool = False
    sent_items: int = 0
    shifted: int = 0
    pending: int = 0
    not_compared: int = 0
    stores: frozenset[str] = frozenset()
    findings: tuple[Finding, ...] = ()
    not_comparable: tuple[Finding, ...] = ()

    @property
    def mismatches(self) -> tuple[Finding, ...]:
        """Differences that no measured cause explains."""
        return tuple(one for one in self.findings if not one.explained)
