"""SENS in memory: it accepts, refuses, or lies about having accepted."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from booking_sms.domain.booking import KST
from booking_sms.domain.errors import (
    DispatchError,
    GatewayListUnavailable,
    SendingForbidden,
    SmsNotSent,
    SmsOutcomeUnknown,
    SmsQuotaSpent,
    SmsRefused,
    SmsThrottled,
)
from booking_sms.ports import (
    GatewayMessage,
    OutgoingSms,
    SendReceipt,
    SignedSend,
    TransportClock,
)

MAX_AGE_MS = 5_000


class GatewayFault(StrEnum):
    """What becomes of one send; only TIMEOUT_AFTER_ACCEPT leaves a text behind."""

    NOT_SENT = "not_sent"
    FORBIDDEN = "forbidden"
    THROTTLED = "throttled"
    QUOTA_SPENT = "quota_spent"
    REFUSED = "refused"
    TIMEOUT_BEFORE_ACCEPT = "timeout_before_accept"
    TIMEOUT_AFTER_ACCEPT = "timeout_after_accept"


_ERRORS: dict[GatewayFault, type[DispatchError]] = {
    GatewayFault.NOT_SENT: SmsNotSent,
    GatewayFault.FORBIDDEN: SendingForbidden,
    GatewayFault.THROTTLED: SmsThrottled,
    GatewayFault.QUOTA_SPENT: SmsQuotaSpent,
    GatewayFault.REFUSED: SmsRefused,
    GatewayFault.TIMEOUT_BEFORE_ACCEPT: SmsOutcomeUnknown,
    GatewayFault.TIMEOUT_AFTER_ACCEPT: SmsOutcomeUnknown,
}


class InMemorySmsGateway:
    """Accepts what it is sent. ``faults`` are used up in order, one by send.

    ``accepted`` is what customers got; ``list_delay`` hides a row from the list for a while;
    ``list_is_down`` makes every read of it fail; ``refused_advertising`` feeds opted_out.
    """

    def __init__(self, clock: TransportClock, *, list_delay: timedelta = timedelta(0)) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.list_delay = list_delay
        self.list_is_down = False
        self.faults: deque[GatewayFault] = deque()
        self.accepted: list[GatewayMessage] = []
        self.refused_advertising: list[str] = []
        self.sends = 0

    def sign(self, message: OutgoingSms) -> SignedSend:
        """Build the request with the clock's present as its only timestamp."""
        fields = ("to", "sender", "subject", "content", "message_type")
        body = json.dumps({name: getattr(message, name) for name in fields})
        return SignedSend(
            t0=self._clock.now_ms(),
            url="http://127.0.0.1/sms/v2/services/test/messages",
            headers={"x-ncp-apigw-signature-v2": "in-memory"},
            body=body.encode(),
        )

    def send(self, signed: SignedSend) -> SendReceipt:
        """Accept the message, or do what the next fault says."""
        with self._lock:
            self.sends += 1
            if self._clock.now_ms() - signed.t0 >= MAX_AGE_MS:
                raise SmsNotSent("signed too long ago", t0=signed.t0)
            fault = self.faults.popleft() if self.faults else None
            if fault not in (None, GatewayFault.TIMEOUT_AFTER_ACCEPT):
                raise _ERRORS[fault](fault=fault.value)
            row = self._accept(signed)
        if fault is not None:
            raise SmsOutcomeUnknown(fault=fault.value)
        return SendReceipt(request_id=row.request_id, request_time=row.requested_at.isoformat())

    def find(
        self, to: str, sender: str, since: datetime, until: datetime
    ) -> Sequence[GatewayMessage]:
        """Visible rows by recipient, sender and request time."""
        return tuple(
            row
            for row in self._visible()
            if row.to == to and row.sender == sender and since <= row.requested_at <= until
        )

    def list_between(self, since: datetime, until: datetime) -> Sequence[GatewayMessage]:
        """Visible rows by request time."""
        return tuple(row for row in self._visible() if since <= row.requested_at <= until)

    def by_request(self, request_id: str) -> Sequence[GatewayMessage]:
        """Visible rows of one request."""
        return tuple(row for row in self._visible() if row.request_id == request_id)

    def opted_out(self) -> Iterable[str]:
        """Numbers that refused advertising."""
        return tuple(self.refused_advertising)

    def deliver_all(self) -> None:
        """Let the carrier deliver everything that is not final yet."""
        for row in list(self.accepted):
            if row.completed_at is None:
                self.complete(row.request_id)

    def complete(self, request_id: str, *, state: str = "delivered", code: str = "0") -> None:
        """Let the carrier say its final word on one request."""
        with self._lock:
            now = self._now()
            self.accepted = [
                replace(row, state=state, code=code, completed_at=now)
                if row.request_id == request_id
                else row
                for row in self.accepted
            ]

    def _accept(self, signed: SignedSend) -> GatewayMessage:
        fields = json.loads(signed.body)
        number = len(self.accepted) + 1
        row = GatewayMessage(
            request_id=f"REQ-{number:06d}",
            message_id=f"MSG-{number:06d}",
            requested_at=self._now(),
            to=fields["to"],
            sender=fields["sender"],
            subject=fields["subject"],
            content=fields["content"],
        )
        self.accepted.append(row)
        return row

    def _visible(self) -> list[GatewayMessage]:
        if self.list_is_down:
            raise GatewayListUnavailable()
        horizon = self._now() - self.list_delay
        with self._lock:
            return [row for row in self.accepted if row.requested_at <= horizon]

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, KST)
