"""The sandbox and our own command line, as the local stack uses them.

The sandbox is a program of its own: started and stopped by its command, asked over HTTP.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import httpx

from booking_sms.domain.booking import KST
from local_stack.environment import clean_environ, command_environ, world_environ
from local_stack.layout import Layout, StackError
from local_stack.processes import run_command

BY = ("--by", "local_airflow", "--reason", "embedded world")
SHADOW = "shadow"


class EmbeddedWorld:
    """One world folder: its servers, its clock, what its phones got."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._client = httpx.Client(timeout=20, trust_env=False)

    def up(self, at: str, clock: str) -> None:
        """Start the servers; a world that exists goes on with its data."""
        arguments = ("up", "--dir", str(self.layout.world), "--at", at, "--clock", clock)
        run_command([sys.executable, "-m", "sandbox", *arguments], clean_environ())

    def down(self) -> None:
        """Stop the servers; their data stays."""
        if self.layout.world.exists():
            arguments = ("down", "--dir", str(self.layout.world))
            run_command([sys.executable, "-m", "sandbox", *arguments], clean_environ())

    def close(self) -> None:
        """Close the connections to the control API."""
        self._client.close()

    def last_window_end(self) -> str:
        """The last instant on the world's clock that ends a window."""
        now = datetime.fromisoformat(self._control("GET", "/control/clock")["now"])
        return now.replace(minute=now.minute // 20 * 20, second=0, microsecond=0).isoformat()

    def set_clock(self, instant: datetime, mode: str = "fixed") -> None:
        """Put the business clock at an instant."""
        body = {"now": instant.isoformat(), "mode": mode}
        self._control("PUT", "/control/clock", json=body)

    def inbox(self) -> list[dict[str, Any]]:
        """Every text as the phones got it."""
        return list(self._control("GET", "/inbox.json"))

    def notes(self) -> list[str]:
        """What the owner read in Telegram, oldest first."""
        return [note["text"] for note in self._control("GET", "/inbox/notes.json")["telegram"]]

    def pages(self) -> list[str]:
        """What the team read in Slack, oldest first."""
        return [note["text"] for note in self._control("GET", "/inbox/notes.json")["slack"]]

    def finished_windows(self) -> set[str]:
        """Windows of the seeded day that ended well in this world, whoever ran them."""
        path = self.layout.finished_windows
        return set(json.loads(path.read_text())) if path.exists() else set()

    def note_finished(self, windows: Iterable[str]) -> None:
        """Remember windows that ended well; a new world forgets them."""
        finished = sorted(self.finished_windows() | set(windows))
        self.layout.finished_windows.write_text(json.dumps(finished))

    def logins(self) -> int:
        """Logins that Naver has seen since the world was made."""
        return int(self._control("GET", "/control/naver/account")["logins"])

    def book(self, store: str, **facts: Any) -> Any:
        """Add a booking at Naver, or change the fields named of one (``booking_id``)."""
        return self._control("POST", "/control/naver/bookings", json={"store": store, **facts})

    def canaries(self) -> Any:
        """What must never appear outside the places that need it."""
        return self._control("GET", "/control/naver/canaries")

    def service_state(self, service: str) -> Any:
        """A simulated service's whole state."""
        return self._control("GET", f"/control/state/{service}")

    def add_fault(self, **fault: Any) -> None:
        """Script a fault."""
        self._control("POST", "/control/faults", json=fault)

    def clear_faults(self) -> None:
        """Clear every scripted fault."""
        self._control("DELETE", "/control/faults")

    def expire_sessions(self) -> None:
        """End every session at Naver at once."""
        self._control("POST", "/control/naver/expire-sessions", json={})

    def booking_sms(
        self,
        *arguments: str,
        good_codes: Iterable[int] = (0,),
        more: Mapping[str, str] | None = None,
    ) -> Any:
        """Run one of our commands with ``--json`` against this world; its answer.

        ``more`` are variables beside those of the world.
        """
        command = [sys.executable, "-m", "booking_sms.cli.app", *arguments, "--json"]
        environ = {**command_environ(self.layout), **(more or {})}
        return json.loads(run_command(command, environ, good_codes=good_codes))

    def audit(self) -> Any:
        """Today's rows of SENS's list against the jobs: the transport clock is a real one."""
        day = f"{datetime.now(KST):%Y-%m-%d}"
        return self.booking_sms("audit", "--day", day, good_codes=(0, 1))

    def allow_sending(self) -> None:
        """Tables, delivery mode live, and every rule that waits in shadow set to all.

        A fresh production sends nothing; the embedded world does, to phones that do not exist.
        """
        self.booking_sms("doctor", "--fix")
        self.booking_sms("control", "set-mode", "live", *BY)
        stages = self.booking_sms("control", "show")["rollout"]
        for rule in (name for name, stage in stages.items() if stage == SHADOW):
            self.booking_sms("control", "rollout", rule, "all", *BY)

    @property
    def control_url(self) -> str:
        """Address of the control API and the inbox page."""
        return world_environ(self.layout).get("BOOKING_SMS_SANDBOX_CONTROL_URL", "").rstrip("/")

    def _control(self, method: str, path: str, **request: Any) -> Any:
        answer = self._client.request(method, f"{self.control_url}{path}", **request)
        if answer.is_error:
            raise StackError(f"sandbox: {method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer.json()
