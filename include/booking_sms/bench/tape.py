"""What went over the wire, in order: every request to DynamoDB and every POST to SENS.

A tape is counted afterwards (``bench.units``), and played again as a bare loop: the same
writes and the same POSTs, with the same clients and nothing else.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from booking_sms.adapters.sens.wire import Reply, Wire
from booking_sms.ports import SendReceipt, SignedSend, SmsGateway

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

WRITES = {"PutItem": "put_item", "UpdateItem": "update_item", "DeleteItem": "delete_item"}
"""DynamoDB's operations that write one item, and botocore's names of them."""
ACCEPTED = 202
"""SENS's status for a text that it took."""
Step = Callable[[], object]


@dataclass(frozen=True)
class StoreCall:
    """One request to DynamoDB, as its bytes were, and the parsed answer (errors included)."""

    operation: str
    body: bytes = field(repr=False)
    answer: Mapping[str, Any] = field(repr=False)

    @cached_property
    def request(self) -> dict[str, Any]:
        """Parameters of the request: DynamoDB's JSON is what botocore takes."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed

    @property
    def is_write(self) -> bool:
        """Whether it wrote, or tried to write, one item."""
        return self.operation in WRITES

    @property
    def error_code(self) -> str:
        """AWS's code when the request failed, else empty."""
        return str(self.answer.get("Error", {}).get("Code", ""))


Tape = list[StoreCall | SignedSend]
"""In the order in which the answers came."""


class StoreRecorder:
    """Listens to a client of DynamoDB; what it hears goes on the tape that is in.

    Each try is heard, a repeated one too: it was billed. The hooks keep references only, so
    that they cost microseconds.
    """

    def __init__(self, client: DynamoDBClient) -> None:
        self._tape: Tape | None = None
        self._sent = threading.local()
        client.meta.events.register("before-send.dynamodb", self._on_request)
        client.meta.events.register("response-received.dynamodb", self._on_answer)

    @contextmanager
    def recording(self, tape: Tape) -> Iterator[None]:
        """Record on this tape until the block ends."""
        self._tape = tape
        try:
            yield
        finally:
            self._tape = None

    def _on_request(self, request: Any, **_: Any) -> None:
        self._sent.body = request.body

    def _on_answer(self, parsed_response: Any, event_name: str, **_: Any) -> None:
        if self._tape is not None:
            operation = event_name.rpartition(".")[2]
            self._tape.append(StoreCall(operation, self._sent.body, parsed_response or {}))


class TapedGateway:
    """A gateway whose sends go on a tape as well; all else is the gateway's own."""

    def __init__(self, gateway: SmsGateway, tape: Tape) -> None:
        self._gateway, self._tape = gateway, tape

    def send(self, signed: SignedSend) -> SendReceipt:
        """Send, and keep the signed request if SENS took it."""
        receipt = self._gateway.send(signed)
        self._tape.append(signed)
        return receipt

    def __getattr__(self, name: str) -> Any:
        return getattr(self._gateway, name)


class Player:
    """Repeats a tape's writes and POSTs on tables of another prefix."""

    def __init__(self, client: DynamoDBClient, wire: Wire, rename: Callable[[str], str]) -> None:
        self._client, self._wire, self._rename = client, wire, rename
        self._replies: list[Reply] = []

    def steps(self, tape: Iterable[StoreCall | SignedSend]) -> list[Step]:
        """One call for each write and POST, made ready so that playing does nothing else."""
        return [self._step(entry) for entry in tape if _is_effect(entry)]

    def take_accepted(self) -> int:
        """How many POSTs SENS took since the last question."""
        replies, self._replies = self._replies, []
        return sum(reply.status == ACCEPTED for reply in replies)

    def _step(self, entry: StoreCall | SignedSend) -> Step:
        if isinstance(entry, SignedSend):
            return partial(self._post, entry)
        request = entry.request | {"TableName": self._rename(entry.request["TableName"])}
        return partial(getattr(self._client, WRITES[entry.operation]), **request)

    def _post(self, signed: SignedSend) -> None:
        reply = self._wire.exchange("POST", signed.url, signed.headers, signed.body)
        self._replies.append(reply)


def play(steps: Iterable[Step]) -> None:
    """The bare loop."""
    for step in steps:
        step()


def _is_effect(entry: StoreCall | SignedSend) -> bool:
    return isinstance(entry, SignedSend) or entry.is_write
