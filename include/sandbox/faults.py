"""Scripted faults: which call goes wrong next, how, and how often. Never random."""

import threading
from dataclasses import asdict, dataclass, field
from typing import Any

ANY_OPERATION = "*"


@dataclass
class Fault:
    """One scripted fault.

    :param service: whose call goes wrong, e.g. ``sens``.
    :param operation: the call, several separated by commas, or ``*`` for any.
    :param kind: what happens, a word of that service's list of kinds.
    :param params: details of the kind, e.g. ``{"seconds": 3}``.
    :param times: how many calls it hits; ``None`` means until it is cleared.
    :param after: how many calls that it is meant for it lets pass before the first hit.
    :param match: facts that must be equal, e.g. ``{"store": "900103"}``; a list means any of.
    """

    service: str
    operation: str
    kind: str
    params: dict[str, Any] = field(default_factory=dict)
    times: int | None = 1
    match: dict[str, Any] = field(default_factory=dict)
    id: int = 0
    after: int = 0

    def applies(self, service: str, operation: str, facts: dict[str, Any]) -> bool:
        """Whether this fault is meant for that call."""
        if self.service != service or self.times == 0:
            return False
        if self.operation != ANY_OPERATION and operation not in self.operation.split(","):
            return False
        return all(_equal(wanted, facts.get(name)) for name, wanted in self.match.items())


def _equal(wanted: Any, given: Any) -> bool:
    if given is None:
        return False
    choices = wanted if isinstance(wanted, list) else [wanted]
    return str(given) in [str(choice) for choice in choices]


class FaultBook:
    """All scripted faults in the order they were written."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._next_id = 1
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        """Append a fault; it gets an id by which it can be cleared."""
        with self._lock:
            fault.id = self._next_id
            self._next_id += 1
            self._faults.append(fault)
        return fault

    def list(self, service: str | None = None) -> list[Fault]:
        """The faults still waiting, oldest first."""
        with self._lock:
            return [fault for fault in self._faults if service in (None, fault.service)]

    def clear(self, service: str | None = None, fault_id: int | None = None) -> int:
        """Drop all faults, those of one service, or one by id; return how many."""
        with self._lock:
            kept = [f for f in self._faults if not _selected(f, service, fault_id)]
            dropped = len(self._faults) - len(kept)
            self._faults = kept
        return dropped

    def take(self, service: str, operation: str, **facts: Any) -> Fault | None:
        """Return the first fault meant for this call and use up one of its times.

        While that one still lets calls pass, those behind it wait: a script keeps its order.
        """
        with self._lock:
            for fault in self._faults:
                if not fault.applies(service, operation, facts):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    return None
                self._use(fault)
                return fault
        return None

    def _use(self, fault: Fault) -> None:
        if fault.times is None:
            return
        fault.times -= 1
        if fault.times <= 0:
            self._faults.remove(fault)

    def dump(self) -> dict[str, Any]:
        """JSON-able form."""
        return {"next_id": self._next_id, "faults": [asdict(fault) for fault in self.list()]}

    def restore(self, dump: dict[str, Any]) -> None:
        """Take over a dumped book."""
        with self._lock:
            self._next_id = dump["next_id"]
            self._faults = [Fault(**entry) for entry in dump["faults"]]


def _selected(fault: Fault, service: str | None, fault_id: int | None) -> bool:
    return service in (None, fault.service) and fault_id in (None, fault.id)
