"""Peak resident memory of this process, in megabytes.

From VmHWM of /proc and not from getrusage: ru_maxrss outlives exec, so a process that a large one
started would report its parent's peak as its own. A fork begins with what its parent held at that
moment, which it does hold.
"""

from __future__ import annotations

import re
from pathlib import Path

MEGABYTE = 1024 * 1024
_STATUS = Path("/proc/self/status")
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


def peak_memory_mb() -> float | None:
    """The most that was resident since this process began; None where /proc does not tell."""
    try:
        found = _PEAK.search(_STATUS.read_text(encoding="ascii"))
    except OSError:
        return None
    return int(found[1]) * 1024 / MEGABYTE if found else None
