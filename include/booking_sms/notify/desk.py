"""Tells people of a trouble once, reminds them while it lasts, and says when it is over.

What was told is a note in ``sms_control``, so that every process and machine knows it. Two that
notice the same thing in the same second may both tell of it: a line that comes twice costs a
glance. Nothing here raises, because a notice must never fail what it speaks of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from booking_sms.domain.errors import AlertFailed, BookingSmsError
from booking_sms.domain.masking import without_phones
from booking_sms.notify.notice import RANK, Notice, Receipt, Severity
from booking_sms.notify.silences import Silences
from booking_sms.ports import Clock

ENDED = "ended"
"""In a note: when the trouble ended."""
REMIND_AFTER = {
    Severity.CRITICAL: timedelta(hours=1),
    Severity.HIGH: timedelta(hours=6),
    Severity.MEDIUM: timedelta(hours=24),
    Severity.INFO: timedelta(hours=24),
}
"""How long an open trouble is not told of again."""

log = structlog.get_logger(__name__)


class Notes(Protocol):
    """Small state by name, as ``ports.ControlRepository`` keeps it."""

    def put_note(self, name: str, value: Mapping[str, Any]) -> None:
        """Keep a note in place of the last of that name."""
        ...

    def get_note(self, name: str) -> Mapping[str, Any] | None:
        """Read a note; None if absent."""
        ...


@dataclass(frozen=True, kw_only=True)
class Links:
    """Addresses that every notice leads to; empty ones are left out."""

    dashboard: str = ""
    runbook: str = ""

    def of(self, notice: Notice) -> dict[str, str]:
        """Label to address: dashboard, logs, the runbook's own entry."""
        entry = f"{self.runbook}#{notice.runbook}" if self.runbook and notice.runbook else ""
        found = {
            "Dashboard": self.dashboard,
            "Logs": notice.logs,
            "Runbook": entry or self.runbook,
        }
        return {label: address for label, address in found.items() if address}


class NoticeWay(Protocol):
    """One channel and how a notice looks there. ``least`` is what it is bothered with."""

    name: str
    least: Severity

    def deliver(self, heading: str, lines: Sequence[str], links: Mapping[str, str]) -> Receipt:
        """Deliver or raise AlertFailed."""
        ...


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What became of a notice. ``outcome``: told, known, silenced, undelivered, or no_trouble."""

    outcome: str
    receipts: tuple[Receipt, ...] = ()
    failed: tuple[str, ...] = ()

    @property
    def reached_somebody(self) -> bool:
        """Whether at least one channel took it now."""
        return bool(self.receipts)

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, for a task's result."""
        receipts = [receipt.as_dict() for receipt in self.receipts]
        return {"outcome": self.outcome, "receipts": receipts, "failed": list(self.failed)}


class NoticeDesk:
    """Where notices are handed in.

    :param ways: channels, in the order in which they are told.
    """

    def __init__(
        self,
        ways: Iterable[NoticeWay],
        notes: Notes,
        clock: Clock,
        *,
        links: Links | None = None,
        silences: Silences | None = None,
    ) -> None:
        self._ways = tuple(ways)
        self._notes = notes
        self._clock = clock
        self._links = links or Links()
        self._silences = silences or Silences()

    def notify(self, notice: Notice) -> Delivery:
        """Tell of a trouble, unless it is known or silent; what fails is in the answer."""
        now = self._clock.now()
        silence = self._silences.of(notice.key, now)
        if silence is not None:
            log.info("notice_silenced", notice=notice.key, issue=silence.issue)
            return Delivery(outcome="silenced")
        known = self._open(notice.key)
        if known and ENDED in known:  # its end is not told everywhere, and it is back
            known = None
        if known and not _is_worth_repeating(known, notice, now):
            return self._tell_the_rest(notice, known)
        delivery = self._deliver(notice, notice.heading(), self._ways_of(notice.severity))
        if delivery.reached_somebody:
            self._remember(notice, known, delivery, now)
        return delivery

    def _tell_the_rest(self, notice: Notice, known: Mapping[str, Any]) -> Delivery:
        """A known trouble, where a way failed when it was told of."""
        missed = known.get("failed", ())
        rest = [way for way in self._ways_of(notice.severity) if way.name in missed]
        delivery = self._deliver(notice, notice.heading(), rest)
        if not delivery.reached_somebody:
            return Delivery(outcome="known", failed=delivery.failed)
        channels = {receipt.channel for receipt in delivery.receipts} | {*known["channels"]}
        now_known = {"channels": sorted(channels), "failed": list(delivery.failed)}
        self._write(notice.key, {**known, **now_known})
        return delivery

    def recovered(self, key: str) -> Delivery:
        """Say that a trouble is over, where it was told of; nothing when it was not.

        A way that fails is told by the next call.
        """
        known = self._open(key)
        if not known:
            return Delivery(outcome="no_trouble")
        now = self._clock.now()
        severity = Severity(known["severity"])
        notice = Notice(
            key=key,
            title=f"RECOVERED: {known['title']}",
            severity=Severity.INFO,
            where=known["where"],
            since=datetime.fromisoformat(known["since"]),
            facts={"lasted": _span(datetime.fromisoformat(known["since"]), now)},
            runbook=known.get("runbook", ""),
        )
        told = [way for way in self._ways_of(severity) if way.name in known["channels"]]
        delivery = self._deliver(notice, without_phones(notice.title), told)
        if delivery.reached_somebody or not told:
            rest = {"open": bool(delivery.failed), "channels": list(delivery.failed)}
            self._write(key, {**known, **rest, ENDED: now.isoformat()})
        return delivery

    def test(self, notice: Notice) -> Delivery:
        """Send through every way, whatever is known or silent: the canary's proof of the path."""
        return self._deliver(notice, notice.heading(), self._ways)

    def _ways_of(self, severity: Severity) -> list[NoticeWay]:
        return [way for way in self._ways if RANK[severity] >= RANK[way.least]]

    def _deliver(self, notice: Notice, heading: str, ways: Iterable[NoticeWay]) -> Delivery:
        receipts, failed = [], []
        for way in ways:
            try:
                receipt = way.deliver(heading, notice.lines(), self._links.of(notice))
            except AlertFailed as failure:
                log.error("notice_failed", notice=notice.key, channel=way.name, error=failure.code)
                failed.append(way.name)
            else:
                log.info("notice_sent", notice=notice.key, **receipt.as_dict())
                receipts.append(receipt)
        outcome = "told" if receipts else "undelivered"
        return Delivery(outcome=outcome, receipts=tuple(receipts), failed=tuple(failed))

    def _open(self, key: str) -> Mapping[str, Any] | None:
        """The note of a trouble that is not over; a store that fails knows of none."""
        try:
            note = self._notes.get_note(note_name(key))
        except BookingSmsError as error:
            log.error("notice_note_unreadable", notice=key, error=error.code)
            return None
        return note if note and note.get("open") else None

    def _remember(
        self, notice: Notice, known: Mapping[str, Any] | None, delivery: Delivery, now: datetime
    ) -> None:
        channels = {receipt.channel for receipt in delivery.receipts}
        self._write(
            notice.key,
            {
                "open": True,
                "title": without_phones(notice.title),
                "severity": notice.severity.value,
                "where": without_phones(notice.where),
                "runbook": notice.runbook,
                "since": (known or {}).get("since", notice.since.isoformat()),
                "told_at": now.isoformat(),
                "channels": sorted(channels | set((known or {}).get("channels", ()))),
                "failed": list(delivery.failed),
                "receipts": [receipt.as_dict() for receipt in delivery.receipts],
            },
        )

    def _write(self, key: str, note: Mapping[str, Any]) -> None:
        try:
            self._notes.put_note(note_name(key), note)
        except BookingSmsError as error:
            log.error("notice_note_not_written", notice=key, error=error.code)


def note_name(key: str) -> str:
    """Name of the note that remembers a notice."""
    return f"notice#{key}"


def _is_worth_repeating(known: Mapping[str, Any], notice: Notice, now: datetime) -> bool:
    """It got worse, or was told of long ago; an event never."""
    if notice.is_event:
        return False
    before = Severity(known["severity"])
    if RANK[notice.severity] > RANK[before]:
        return True
    return now - datetime.fromisoformat(known["told_at"]) >= REMIND_AFTER[before]


def _span(since: datetime, now: datetime) -> str:
    minutes = max(0, int((now - since).total_seconds() // 60))
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{rest} min"
