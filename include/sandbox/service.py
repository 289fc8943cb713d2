"""What every simulated service looks like to the kernel.

Each service package has four rooms: ``models.py`` (its state), ``responses.py`` (HTTP shapes),
``urls.py`` (``routes(context)``) and ``errors.py`` (vendor codes with the page they come from).
"""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

Dump = dict[str, Any]


@runtime_checkable
class ServiceState(Protocol):
    """The state of one service: it can be emptied, written to JSON and read back."""

    name: str

    def reset(self) -> None:
        """Forget everything that happened since the world was made."""
        ...

    def dump(self) -> Dump:
        """Return the whole state as JSON-able data."""
        ...

    def restore(self, dump: Dump) -> None:
        """Take over a state that :meth:`dump` returned."""
        ...


@runtime_checkable
class DeclaresFaults(Protocol):
    """Optional: a service that says which fault kinds it knows and on which calls each acts.

    The control API then refuses unknown kinds and operations; a fault that names no operation is
    put on the first one of its kind.
    """

    fault_kinds: Mapping[str, tuple[str, ...]]


@runtime_checkable
class Configurable(Protocol):
    """Optional: a service with settings of its own."""

    settings: Any

    def configure(self, values: dict[str, Any]) -> None:
        """Change settings by name; raises ``ValueError`` that names each bad one."""
        ...
