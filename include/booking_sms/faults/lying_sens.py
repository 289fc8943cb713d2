"""SENS as it can be at its worst: it accepts and says nothing, lists late, fails, comes late.

What it never does is take a timestamp that is five minutes old, or hide a message from its list
for longer than ``LIST_LAG_MS``: the promise of "never twice" stands on these two.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from booking_sms.domain.booking import KST
from booking_sms.domain.errors import (
    GatewayListUnavailable,
    SignatureRejected,
    SmsNotSent,
    SmsOutcomeUnknown,
    SmsRefused,
    SmsThrottled,
)
from booking_sms.faults.virtual_time import Killed, Process, VirtualTime
from booking_sms.pipeline.services import TIMESTAMP_VALIDITY_S
from booking_sms.ports import GatewayMessage, OutgoingSms, SendReceipt, SignedSend

CLIENT_MAX_AGE_MS = 5_000
LIST_LAG_MS = 120_000
TIMEOUT_MS = 10_000

Text = tuple[str, str]
"""(recipient, content): what a phone shows."""

KINDS_OF_SEND = {
    "ok": 62,
    "accepted, no answer": 9,
    "accepted, hangs": 4,
    "nothing arrives, no answer": 7,
    "arrives late, no answer": 6,
    "500, nothing accepted": 3,
    "throttled": 5,
    "not connected": 4,
}
"""What becomes of a POST, and how often of a hundred."""


@dataclass
class Row:
    """One message that SENS took."""

    message: GatewayMessage
    visible_ms: float
    final_ms: float


class LyingSens:
    """The service itself; each process talks to it through a ``SensClient``."""

    def __init__(self, time: VirtualTime, random: Random, *, share_refused: float) -> None:
        self.time, self.random = time, random
        self.share_refused = share_refused
        self.is_calm = False
        self.rows: list[Row] = []
        self.received: Counter[Text] = Counter()
        self.refused: set[Text] = set()
        self.faults: Counter[str] = Counter()
        self._refuses: dict[str, bool] = {}
        self._by_recipient: defaultdict[str, list[Row]] = defaultdict(list)
        self._by_request: dict[str, Row] = {}

    def kind_of_send(self) -> str:
        """What becomes of the next POST."""
        if self.is_calm:
            return "ok"
        kinds = list(KINDS_OF_SEND)
        (kind,) = self.random.choices(kinds, weights=list(KINDS_OF_SEND.values()))
        self.faults[kind] += kind != "ok"
        return kind

    def arrive(self, signed: SignedSend) -> GatewayMessage:
        """A POST reaches the service. Raises SignatureRejected when its timestamp is too old."""
        if self.time.ms - signed.t0 >= TIMESTAMP_VALIDITY_S * 1000:
            raise SignatureRejected(reason="timestamp")
        fields = json.loads(signed.body)
        text = (fields["to"], fields["content"])
        if self._is_refused(text):
            raise SmsRefused(reason="refused_recipient")
        self.received[text] += 1
        return self._keep(fields)

    def _is_refused(self, text: Text) -> bool:
        """Some recipients are refused, always and for good."""
        to = text[0]
        if to not in self._refuses:
            self._refuses[to] = self.random.random() < self.share_refused
        if self._refuses[to]:
            self.refused.add(text)
        return self._refuses[to]

    def _keep(self, fields: dict[str, Any]) -> GatewayMessage:
        number = len(self.rows) + 1
        message = GatewayMessage(
            request_id=f"REQ-{number}",
            message_id=f"MSG-{number}",
            requested_at=datetime.fromtimestamp(self.time.ms / 1000, KST),
            to=fields["to"],
            sender=fields["sender"],
            subject=fields["subject"],
            content=fields["content"],
        )
        lag = 0 if self.random.random() < 0.5 else self.random.uniform(0, LIST_LAG_MS)
        final_ms = self.time.ms + self.random.uniform(5_000, 1_800_000)
        row = Row(message, self.time.ms + lag, final_ms)
        self.rows.append(row)
        self._by_recipient[message.to].append(row)
        self._by_request[message.request_id] = row
        return message

    def listed(self, rows: Iterable[Row]) -> list[GatewayMessage]:
        """What the list shows of these rows now; sometimes a row twice."""
        now = self.time.ms
        shown = [_as_of(row, now) for row in rows if row.visible_ms <= now]
        if shown and not self.is_calm and self.random.random() < 0.05:
            shown.append(shown[0])
            self.faults["row listed twice"] += 1
        return shown

    def of_recipient(self, to: str) -> list[Row]:
        """Every message to a number."""
        return self._by_recipient[to]

    def of_request(self, request_id: str) -> list[Row]:
        """The message of a request, if there is one."""
        row = self._by_request.get(request_id)
        return [row] if row else []

    def fails(self, share: float, what: str) -> bool:
        """Whether this call of the list fails."""
        failing = not self.is_calm and self.random.random() < share
        self.faults[what] += failing
        return failing


def _as_of(row: Row, now_ms: float) -> GatewayMessage:
    if now_ms < row.final_ms:
        return row.message
    done = row.message.requested_at + timedelta(seconds=30)
    return replace(row.message, state="delivered", code="0", completed_at=done)


class SensClient:
    """SENS as one process reaches it: implements ports.SmsGateway."""

    def __init__(self, sens: LyingSens, process: Process) -> None:
        self._sens, self._process = sens, process

    def sign(self, message: OutgoingSms) -> SignedSend:
        """Build the request; its only timestamp is now."""
        fields = ("to", "sender", "subject", "content", "message_type")
        body = json.dumps({name: getattr(message, name) for name in fields}).encode()
        return SignedSend(t0=self._sens.time.ms, url="", headers={}, body=body)

    def send(self, signed: SignedSend) -> SendReceipt:
        """POST once. The process may be frozen or killed before, while and after it travels."""
        if self._sens.time.ms - signed.t0 > CLIENT_MAX_AGE_MS:
            raise SmsNotSent("signed too long ago", reason="stale_signature")
        self._travel(signed)
        kind = self._sens.kind_of_send()
        answer = _ANSWERS[kind](self._sens, self._process, signed)
        self._process.pause()
        return SendReceipt(request_id=answer.request_id, request_time="")

    def _travel(self, signed: SignedSend) -> None:
        """A process that dies now may have written its bytes: they arrive all the same."""
        try:
            self._process.pause()
        except Killed:
            if self._sens.random.random() < 0.5:
                _arrive_later(self._sens, signed, 20_000)
            raise

    def find(
        self, to: str, sender: str, since: datetime, until: datetime
    ) -> Sequence[GatewayMessage]:
        """Visible rows by recipient, sender and request time."""
        self._process.pause()
        if self._sens.fails(0.1, "list down"):
            raise GatewayListUnavailable(reason="500")
        shown = self._sens.listed(self._sens.of_recipient(to))
        return [row for row in shown if row.sender == sender and since <= row.requested_at <= until]

    def list_between(self, since: datetime, until: datetime) -> Sequence[GatewayMessage]:
        """Every visible row by request time."""
        shown = self._sens.listed(self._sens.rows)
        return [row for row in shown if since <= row.requested_at <= until]

    def by_request(self, request_id: str) -> Sequence[GatewayMessage]:
        """Visible rows of one request."""
        if self._sens.fails(0.05, "result down"):
            raise GatewayListUnavailable(reason="500")
        return self._sens.listed(self._sens.of_request(request_id))

    def opted_out(self) -> Iterable[str]:
        """Nobody refuses advertising here."""
        return ()


def _arrive_later(sens: LyingSens, signed: SignedSend, within_ms: float) -> None:
    """The bytes are on their way; what SENS says to them nobody hears."""

    def arrive() -> None:
        try:
            sens.arrive(signed)
        except (SignatureRejected, SmsRefused):
            sens.faults["came too late, or was refused"] += 1

    sens.time.after(sens.random.uniform(0, within_ms), arrive)


def _ok(sens: LyingSens, process: Process, signed: SignedSend) -> GatewayMessage:
    return sens.arrive(signed)


def _accepted_in_silence(sens: LyingSens, process: Process, signed: SignedSend) -> GatewayMessage:
    sens.arrive(signed)
    raise SmsOutcomeUnknown(reason="reset")


def _accepted_and_hangs(sens: LyingSens, process: Process, signed: SignedSend) -> GatewayMessage:
    sens.arrive(signed)
    process.pause(TIMEOUT_MS)
    raise SmsOutcomeUnknown(reason="timeout")


def _lost_on_the_way(sens: LyingSens, process: Process, signed: SignedSend) -> GatewayMessage:
    process.pause(TIMEOUT_MS)
    raise SmsOutcomeUnknown(reason="timeout")


def _late(sens: LyingSens, process: Process, signed: SignedSend) -> GatewayMessage:
    """A proxy holds the request for minutes after the client has given up."""
    _arrive_later(sens, signed, 600_000)
    process.pause(TIMEOUT_MS)
    raise SmsOutcomeUnknown(reason="timeout")


def _server_error(sens: LyingSens, process: Process, signed: SignedSend) -> GatewayMessage:
    raise SmsOutcomeUnknown(reason="500")


def _throttled(sens: LyingSens, process: Process, signed: SignedSend) -> GatewayMessage:
    raise SmsThrottled(reason="throttle")


def _not_connected(sens: LyingSens, process: Process, signed: SignedSend) -> GatewayMessage:
    raise SmsNotSent(reason="connect")


Answer = Callable[[LyingSens, Process, SignedSend], GatewayMessage]
_ANSWERS: dict[str, Answer] = dict(
    zip(
        KINDS_OF_SEND,
        (
            _ok,
            _accepted_in_silence,
            _accepted_and_hangs,
            _lost_on_the_way,
            _late,
            _server_error,
            _throttled,
            _not_connected,
        ),
        strict=True,
    )
)
