"""One run of the predecessor: what it reads, decides, writes and sends. No network, no clock.

Flags are written before the text is sent, one booking after the other, over minutes; the items
carry no timestamp. What a switch changed is told by a twin without it: see ``effects``.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.legacy.bugs import Bug
from sandbox.legacy.reading import (
    WALL,
    Payload,
    Span,
    completed_spans,
    has_keyword,
    hyphenated,
    number_of,
    start_of,
)
from sandbox.legacy.table import Key, Row, Table

TWO_HOURS = timedelta(hours=2)
RUN_EVERY = timedelta(minutes=20)
PACE = timedelta(seconds=2)
EVENING = 20
CONFIRM, GUIDE, EVENT = "confirm", "guide", "event"
FLAGS = {CONFIRM: "confirm_sms", GUIDE: "remind_sms", EVENT: "option_sms"}
OUTAGE_HOURS = range(11, 14)
BAD_PAYLOAD_HOURS = range(15, 18)
ONE_IN = 4

Listing = Callable[[str, str, Span | None], list[Payload]]
"""(store, status code, range or None) -> payloads, by start."""


@dataclass(frozen=True)
class Text:
    """One text as the gateway would get it."""

    at: datetime
    to: str
    content: str
    store: str
    booking_num: str
    kind: str


@dataclass
class Outcome:
    """What a run did, in order; every write with the instant at which it was made."""

    writes: list[dict[str, Any]] = field(default_factory=list)
    sent: list[Text] = field(default_factory=list)
    aborted: bool = False


def text_of(texts: Mapping[str, Any], kind: str, store: str) -> str:
    """The static text of a kind; one that differs by store is a mapping."""
    text = texts[kind]
    return str(text[store] if isinstance(text, Mapping) else text)


class Run:
    """One run at an instant."""

    def __init__(
        self,
        now: datetime,
        table: Table,
        listing: Listing,
        stores: list[str],
        texts: Mapping[str, Any],
        bugs: frozenset[Bug] = frozenset(),
    ) -> None:
        self.now = now
        self._table = table
        self._listing = listing
        self._stores = stores
        self._texts = texts
        self._bugs = bugs
        self._done = Outcome()
        self._broken: set[Key] = set()

    def go(self) -> Outcome:
        """Run once; a run that is lost as a whole does nothing and says so."""
        hours = [(Bug.L5, OUTAGE_HOURS), (Bug.L22, BAD_PAYLOAD_HOURS)]
        lost = any(bug in self._bugs and self.now.hour in when for bug, when in hours)
        if lost:
            self._done.aborted = True
            return self._done
        evening = self.now.hour == EVENING
        completed = self._completed() if evening else []
        for store in self._stores:
            for payload in self._listing(store, "RC03", None):
                self._check_reservation(payload)
        if evening:
            for payload in completed:
                self._check_option(payload)
        return self._done

    def _completed(self) -> list[Payload]:
        spans = completed_spans(self._table.pages(), self._stores, self._bugs, self.now)
        return [one for store, span in spans.items() for one in self._listing(store, "RC08", span)]

    def _check_reservation(self, payload: Payload) -> None:
        if not payload.get("phone"):
            return
        if self._chosen(Bug.SKIP, payload):
            return
        key = (number_of(payload), hyphenated(payload["phone"]))
        row = self._read(key)
        if row is None:
            self._first_sight(payload, key)
        else:
            self._known(payload, key, row)

    def _first_sight(self, payload: Payload, key: Key) -> None:
        start = self._start(payload)
        if Bug.L14 in self._bugs and start <= self.now:
            return
        if Bug.L12 in self._bugs and self._has_other_phone(key):
            return
        within = start - self.now < TWO_HOURS
        exactly = start - self.now == TWO_HOURS and Bug.L15 not in self._bugs
        remind = (within or exactly) and self.now < start
        self._put(self._new_row(payload, key, start, remind=remind))
        if remind and self._chosen(Bug.L3, payload, always=True):
            return
        self._send(payload, CONFIRM)
        if remind:
            self._send(payload, GUIDE)

    def _known(self, payload: Payload, key: Key, row: Row) -> None:
        start = self._stored_start(payload, row)
        if start is None:
            return
        due = start > self.now and start - self.now < TWO_HOURS
        if row.get("remind_sms") is not False or not due or self._waits(start):
            return
        if row.get("confirm_sms") is False:
            self._flag(key, CONFIRM)
            self._send(payload, CONFIRM)
        self._flag(self._target(payload, key), GUIDE)
        self._send(payload, GUIDE)

    def _check_option(self, payload: Payload) -> None:
        if not payload.get("phone"):
            return
        key = (number_of(payload), hyphenated(payload["phone"]))
        row = self._table.get(key)
        if row is not None and row.get("option_sms") is False and has_keyword(payload):
            self._flag(key, EVENT)
            self._send(payload, EVENT)

    def _read(self, key: Key) -> Row | None:
        row = self._table.get(key)
        fails = Bug.L10 in self._bugs and row is not None and self._fails_now(key)
        return None if fails else row

    def _fails_now(self, key: Key) -> bool:
        return _draw(f"{key[0]}|{self.now.isoformat()}") % 400 == 0

    def _waits(self, start: datetime) -> bool:
        """Seeded lateness, in whole runs after the first at which the guide was due."""
        runs = 3 if Bug.LATE in self._bugs else 1 if Bug.ONE_LATE in self._bugs else 0
        return bool(runs) and self.now <= start - TWO_HOURS + runs * RUN_EVERY

    def _target(self, payload: Payload, key: Key) -> Key:
        """The row whose flag is set: the booking's own, unless the seeded error picks another."""
        if not self._chosen(Bug.WRONG, payload):
            return key
        rows = (row for page in self._table.pages() for row in page)
        others = (row for row in rows if row.get("remind_sms") is False)
        other = next((row for row in others if row["booking_num"] != key[0]), None)
        return key if other is None else (other["booking_num"], other["phone"])

    def _start(self, payload: Payload) -> datetime:
        return start_of(payload, seconds=Bug.L19 in self._bugs)

    def _stored_start(self, payload: Payload, row: Row) -> datetime | None:
        start = self._start(payload)
        if Bug.L17 not in self._bugs or "booking_time" not in row:
            return start
        return datetime.strptime(row["booking_time"], WALL).replace(tzinfo=start.tzinfo)

    def _has_other_phone(self, key: Key) -> bool:
        rows = (row for page in self._table.pages() for row in page)
        return any(row["booking_num"] == key[0] and row["phone"] != key[1] for row in rows)

    def _new_row(self, payload: Payload, key: Key, start: datetime, *, remind: bool) -> Row:
        return {
            "booking_num": key[0],
            "phone": key[1],
            "name": payload["name"],
            "booking_time": start.strftime(WALL),
            "confirm_sms": True,
            "remind_sms": remind,
            "option_sms": False,
            "option_time": "",
        }

    def _put(self, row: Row) -> None:
        self._table.put(row)
        self._done.writes.append({"at": self._instant(), "op": "put", "item": dict(row)})

    def _flag(self, key: Key, kind: str) -> None:
        flag = FLAGS[kind]
        self._table.set_flag(key, flag)
        done = {"at": self._instant(), "op": "set", "key": list(key), "flag": flag}
        self._done.writes.append(done)

    def _send(self, payload: Payload, kind: str) -> None:
        if self._chosen(Bug.L1, payload):
            return
        store = str(payload["businessId"])
        wrong = kind == GUIDE and self._chosen(Bug.WRONG_TEXT, payload)
        content = text_of(self._texts, EVENT if wrong else kind, store)
        twice = Bug.L11 in self._bugs or (kind == GUIDE and self._chosen(Bug.TWICE, payload))
        to, number = payload["phone"].replace("-", ""), number_of(payload)
        for _ in range(2 if twice else 1):
            self._done.sent.append(Text(self._instant(), to, content, store, number, kind))

    def _chosen(self, bug: Bug, payload: Payload, *, always: bool = False) -> bool:
        """Whether a switch that is on strikes this booking: one in some, always the same ones."""
        if bug not in self._bugs:
            return False
        return always or _draw(f"{bug}|{number_of(payload)}") % ONE_IN == 0

    def _instant(self) -> datetime:
        """Writes are spread: one every other second, within the run's minutes."""
        return self.now + min(PACE * len(self._done.writes), timedelta(minutes=4))


def _draw(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:12], 16)
