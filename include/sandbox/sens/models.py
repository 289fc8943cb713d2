"""The state of the sandbox's SENS: accepted messages, opt-outs, counters and settings."""

from __future__ import annotations

import secrets
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sandbox.sens import fault_kinds
from sandbox.sens.charset import byte_length, cut, unencodable
from sandbox.sens.errors import QuotaExceeded, RateLimited
from sandbox.sens.message import Message, kst_text
from sandbox.sens.send_request import (
    CONTENT_LIMITS,
    SUBJECT_LIMIT,
    Recipient,
    SendOrder,
    is_plausible,
)
from sandbox.sens.settings import Outcome, SensSettings

BY_ARS, BY_HAND = "C", "M"
CAP_WINDOW_S = 30 * 86_400


@dataclass
class OptOut:
    """A number that refuses advertising; `register_type` is C (by phone, 080) or M (by hand)."""

    number: str
    registered_at: float
    register_type: str = BY_HAND


@dataclass(frozen=True)
class Twist:
    """What a scripted fault changes about a message that is accepted."""

    list_delay_s: float = 0.0
    extra_delay_s: float = 0.0
    duplicate_rows: int = 0
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Accepted:
    """What a 202 tells: no messageId, only the request's id and time."""

    request_id: str
    requested_at: float


class SensState:
    """Everything SENS remembers. `now` is the real clock: SENS never lives in the world's time."""

    name = "sens"
    fault_kinds: Mapping[str, tuple[str, ...]] = fault_kinds.OPERATIONS_OF

    def __init__(
        self, now: Callable[[], float] = time.time, settings: SensSettings | None = None
    ) -> None:
        self._now = now
        self._initial = settings or SensSettings()
        self.settings = self._initial
        self.reset()

    def now(self) -> float:
        """The server's clock, shifted when the settings say so."""
        return self._now() + self.settings.clock_shift_s

    def reset(self) -> None:
        """Forget messages, opt-outs and counters, and return to the initial settings."""
        self.settings = self._initial
        self.messages: dict[str, Message] = {}
        self.opt_outs: dict[str, OptOut] = {}
        self.counters: Counter[str] = Counter()
        self._by_request: dict[str, list[Message]] = {}
        self._recent_sends: deque[float] = deque()
        self._sequence = 0

    def configure(self, values: dict[str, Any]) -> None:
        """Change settings by name; raises ValueError for unknown names and unfit values.

        `opt_out_by_ars` is an event, not a setting: these numbers just called the 080 line.
        """
        values = dict(values)
        refusing = values.pop("opt_out_by_ars", [])
        if not isinstance(refusing, list) or not all(isinstance(one, str) for one in refusing):
            raise ValueError("sens.opt_out_by_ars: must be a list of numbers")
        self.settings = self.settings.updated(values)
        self.opt_out(refusing, BY_ARS)

    def dump(self) -> dict[str, Any]:
        """The whole state as JSON-able data; each message carries its present status."""
        return {
            "settings": self.settings.model_dump(mode="json"),
            "senders": list(self.settings.senders),
            "messages": [
                message.to_dump() | {"status": self.status_of(message)}
                for message in self.messages.values()
            ],
            "unsubscribes": [asdict(one) for one in self.opt_outs.values()],
            "counters": dict(self.counters),
        }

    def restore(self, dump: dict[str, Any]) -> None:
        """Take over a dumped state."""
        self.reset()
        self.settings = SensSettings.model_validate(dump["settings"])
        for row in dump["messages"]:
            row = {key: value for key, value in row.items() if key != "status"}
            self._store(Message.from_dump(row))
        self.opt_outs = {row["number"]: OptOut(**row) for row in dump["unsubscribes"]}
        self.counters = Counter(dump["counters"])

    def count(self, *names: str) -> None:
        """Add one to each counter."""
        self.counters.update(names)

    # -- sending ---------------------------------------------------------------------------------

    def check_rate(self) -> None:
        """Refuse when the settable rate or cap is reached (SENS publishes no figure)."""
        now, settings = self.now(), self.settings
        while self._recent_sends and self._recent_sends[0] <= now - 1:
            self._recent_sends.popleft()
        if settings.rate_limit_per_s and len(self._recent_sends) >= settings.rate_limit_per_s:
            raise RateLimited(f"more than {settings.rate_limit_per_s} requests a second")
        if settings.monthly_cap and self._sent_within(CAP_WINDOW_S) >= settings.monthly_cap:
            raise QuotaExceeded(f"the monthly cap of {settings.monthly_cap} is used up")
        self._recent_sends.append(now)

    def accept(self, order: SendOrder, twist: Twist | None = None) -> Accepted:
        """Take responsibility for an order: from here on the phone may ring."""
        twist = twist or Twist()
        now = self.now()
        request_id = _new_request_id(order, now, self._sequence)
        for recipient in order.recipients:
            message = self._new_message(order, recipient, request_id, now, twist)
            message.set_outcome(twist.outcome or self._outcome_for(recipient, order, now))
            self._store(message)
            for _ in range(twist.duplicate_rows):
                self._store_twin(message)
        return Accepted(request_id, now)

    def _new_message(
        self, order: SendOrder, recipient: Recipient, request_id: str, now: float, twist: Twist
    ) -> Message:
        charset = self.settings.charset
        sent = cut(recipient.content, CONTENT_LIMITS[order.type], charset)
        starts_at = order.reserve_at.timestamp() if order.reserve_at else now
        return Message(
            sequence=self._sequence + 1,
            message_id=str(uuid.uuid4()),
            request_id=request_id,
            to=recipient.to,
            sender=order.sender,
            type=order.type,
            content_type=order.content_type,
            country_code=order.country_code,
            subject=recipient.subject,
            content=recipient.content,
            sent_subject=cut(recipient.subject, SUBJECT_LIMIT, charset),
            sent_content=sent,
            original_bytes=byte_length(recipient.content, charset),
            sent_bytes=byte_length(sent, charset),
            requested_at=now,
            starts_at=starts_at,
            visible_at=now + max(self.settings.list_delay_s, twist.list_delay_s),
            status_code="",
            status_name="",
            extra_delay_s=twist.extra_delay_s,
            reserve_zone=order.reserve_zone,
        )

    def _outcome_for(self, recipient: Recipient, order: SendOrder, now: float) -> Outcome:
        """How the message will end; the first reason to fail wins."""
        settings = self.settings
        text = recipient.subject + recipient.content
        failures = {
            "E904": not recipient.content,
            "E917": order.content_type == "AD" and recipient.to in self.opt_outs,
            "E915": self._is_duplicate(recipient, order, now),
            "3003": not is_plausible(recipient.to, order.country_code),
            "3022": bool(unencodable(text, settings.charset)),
            "3023": order.sender not in settings.senders,
        }
        for code, failed in failures.items():
            if failed:
                return Outcome(statusCode=code)
        return self._scripted_outcome(recipient.to)

    def _scripted_outcome(self, to: str) -> Outcome:
        exact = self.settings.numbers.get(to)
        if exact is not None:
            return exact
        endings = self.settings.number_endings.items()
        return next((outcome for end, outcome in endings if to.endswith(end)), Outcome())

    def _is_duplicate(self, recipient: Recipient, order: SendOrder, now: float) -> bool:
        """E915 inside the settable window; off by default, its real rule is not documented."""
        window = self.settings.duplicate_window_s
        if not window:
            return False
        alike = (order.sender, recipient.to, recipient.subject, recipient.content)
        return any(
            (one.sender, one.to, one.subject, one.content) == alike
            for one in self.messages.values()
            if now - one.requested_at < window
        )

    def _sent_within(self, seconds: float) -> int:
        since = self.now() - seconds
        return sum(1 for one in self.messages.values() if one.requested_at > since)

    def _store(self, message: Message) -> None:
        self._sequence = max(self._sequence, message.sequence)
        self.messages[message.message_id] = message
        self._by_request.setdefault(message.request_id, []).append(message)

    def _store_twin(self, message: Message) -> None:
        """The same message once more under another id: the list lies, the phone rings once."""
        row = message.to_dump() | {
            "sequence": self._sequence + 1,
            "message_id": str(uuid.uuid4()),
            "twin_of": message.message_id,
        }
        self._store(Message.from_dump(row))

    # -- looking up ------------------------------------------------------------------------------

    def status_of(self, message: Message) -> str:
        """READY, PROCESSING or COMPLETED, now."""
        return message.advance(self.settings.progression, self.now())

    def is_visible(self, message: Message) -> bool:
        """Whether look-ups know the row yet."""
        return message.visible_at <= self.now()

    def of_request(self, request_id: str) -> list[Message]:
        """The messages of one request, oldest first."""
        return list(self._by_request.get(request_id, ()))

    def reserved(self, request_id: str) -> list[Message]:
        """The messages of a reservation; empty for anything else."""
        return [one for one in self.of_request(request_id) if one.reserve_zone]

    def cancel(self, reserved: Iterable[Message]) -> None:
        """Call a reservation off."""
        for message in reserved:
            message.cancelled = True

    # -- opt-outs --------------------------------------------------------------------------------

    def opt_out(self, numbers: Iterable[str], register_type: str = BY_HAND) -> list[OptOut]:
        """Put numbers on the list of those who refuse advertising."""
        added = [OptOut(number, self.now(), register_type) for number in numbers]
        self.opt_outs |= {one.number: one for one in added}
        return added

    def opt_in(self, numbers: Iterable[str]) -> None:
        """Take numbers off that list."""
        for number in numbers:
            self.opt_outs.pop(number, None)


def _new_request_id(order: SendOrder, now: float, sequence: int) -> str:
    """Shaped as the vendor's examples: RSLA-milliseconds-4 digits-8 digits-8 letters."""
    kind = "RSSA" if order.type == "SMS" else "RSLA"
    tail = secrets.token_hex(4)
    return f"{kind}-{int(now * 1000)}-{sequence % 10_000:04d}-{sequence:08d}-{tail}"


def request_time(accepted: Accepted) -> str:
    """As in the 202: local Korean time with milliseconds and a T."""
    return kst_text(accepted.requested_at, "milliseconds", "T")
