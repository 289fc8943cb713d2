"""What every service of the sandbox shares."""

from dataclasses import dataclass, field
from typing import TypeVar, cast

from sandbox.clock import WorldClock
from sandbox.config import SandboxConfig
from sandbox.faults import FaultBook
from sandbox.recorder import RequestRecorder
from sandbox.service import ServiceState

State = TypeVar("State", bound=ServiceState)


@dataclass
class SandboxContext:
    """Clock, faults, states and settings of one world.

    ``urls`` maps a service to its base address (``http://127.0.0.1:port``) once it listens.
    """

    clock: WorldClock
    faults: FaultBook
    services: dict[str, ServiceState]
    config: SandboxConfig
    recorder: RequestRecorder = field(default_factory=RequestRecorder)
    urls: dict[str, str] = field(default_factory=dict)
    changes: int = 0

    def mark_dirty(self) -> None:
        """State changed: it will be persisted within a fraction of a second."""
        self.changes += 1

    def state(self, kind: type[State]) -> State:
        """The state of one service, typed: ``context.state(SensState)``."""
        return cast(State, self.services[kind.name])

    def url(self, service: str) -> str:
        """Base address of a service; a made-up one where nothing listens (tests)."""
        return self.urls.get(service, f"http://{service.replace('_', '-')}.localhost")
