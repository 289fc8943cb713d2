"""Processes by identity: a pid alone may by now belong to somebody else."""

import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass

import psutil

SAME_MOMENT = 0.05  # seconds; creation times come from ticks


@dataclass(frozen=True)
class ProcessIdentity:
    """A pid together with the moment its process was born."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> "ProcessIdentity":
        """The identity of a living process."""
        return cls(pid, psutil.Process(pid).create_time())

    def process(self) -> psutil.Process | None:
        """The process, if it is still that one and not dead."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < SAME_MOMENT
            alive = same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return process if alive else None

    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self.process() is not None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, but only to that very process."""
        process = self.process()
        if process is None:
            return
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            return


def group_members(group: int) -> list[ProcessIdentity]:
    """Everyone in a process group. The caller knows that the group is his."""
    members = []
    for process in psutil.process_iter(["create_time"]):
        try:
            if os.getpgid(process.pid) == group:
                members.append(ProcessIdentity(process.pid, process.create_time()))
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return members


def wait_gone(identities: Iterable[ProcessIdentity], seconds: float) -> list[ProcessIdentity]:
    """Wait until all are gone; return those that are not."""
    until = time.monotonic() + seconds
    left = [one for one in identities if one.is_alive()]
    while left and time.monotonic() < until:
        time.sleep(0.05)
        left = [one for one in left if one.is_alive()]
    return left
