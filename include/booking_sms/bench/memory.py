"""Memory of this process, as the kernel counts it."""

from __future__ import annotations

import resource
from pathlib import Path

_STATUS = Path("/proc/self/status")


def resident_kib() -> int:
    """What the process holds now; its peak where only that is known."""
    return _status("VmRSS:") or _peak_of_usage()


def peak_kib() -> int:
    """The most that it ever held.

    Linux's own file first: ``getrusage`` there starts with the peak of the parent process.
    """
    return _status("VmHWM:") or _peak_of_usage()


def _status(name: str) -> int:
    if not _STATUS.exists():
        return 0
    lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)


def _peak_of_usage() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
