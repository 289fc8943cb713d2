"""May this text leave now? Delivery mode, kill switches and pauses, read as one.

Dispatch asks before the intent, and the gateway asks again just before the POST (its permit).
Answers are at most ``max_age_ms`` old, so a switch that is thrown now stops the next text within
that time; reading more often would cost more than the sending itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from booking_sms.ports import ControlRepository, OutgoingSms, TransportClock

PAUSE_NOTE = "dispatch_pause"
LIVE = "live"
STORES_AT_ONCE = 16
"""Modes that one request reads: a request of its own for each store would cost more time."""


class SendGate:
    """Says why a text of a store and rule must not leave, or nothing."""

    def __init__(
        self, control: ControlRepository, clock: TransportClock, *, max_age_ms: int = 500
    ) -> None:
        self._control = control
        self._clock = clock
        self._max_age_ms = max_age_ms
        self._read_at: int | None = None
        self._stores: list[str] = []
        self._modes: dict[str, str] = {}
        self._switches: frozenset[str] = frozenset()
        self._pause = ""
        self.saw_lapsed_pause = False

    def refusal(self, store_id: str, rule: str = "", *, heeds_pause: bool = True) -> str | None:
        """Return the reason to refuse, or None. Raises LoadError when control is unreadable.

        An empty ``store_id`` asks for the chain as a whole.
        """
        self._remember(store_id)
        self._refresh()
        if store_id not in self._modes:
            self._modes[store_id] = self._control.delivery_mode(store_id or None)
        reasons = self._refusals(store_id, rule, heeds_pause=heeds_pause)
        return next(reasons, None)

    def permit(self, message: OutgoingSms) -> str | None:
        """The gateway's last question before the POST."""
        return self.refusal(message.store_id, message.rule)

    def forget(self) -> None:
        """Read everything anew at the next question."""
        self._read_at = None

    def _refusals(self, store_id: str, rule: str, *, heeds_pause: bool) -> Iterator[str]:
        if self._modes[store_id] != LIVE:
            yield f"mode_{self._modes[store_id]}"
        for switch, reason in (
            ("all", "kill_all"),
            (f"store:{store_id}", "kill_store"),
            (f"rule:{rule}", "kill_rule"),
        ):
            if switch in self._switches:
                yield reason
        if self._pause and heeds_pause:
            yield f"paused_{self._pause}"

    def _remember(self, store_id: str) -> None:
        """The stores of the last texts are likely those of the next."""
        if store_id in self._stores:
            self._stores.remove(store_id)
        self._stores = [*self._stores, store_id][-STORES_AT_ONCE:]

    def _refresh(self) -> None:
        """Read anew what is too old, in one request for all stores that may be asked for."""
        now = self._clock.now_ms()
        if self._read_at is not None and 0 <= now - self._read_at < self._max_age_ms:
            return
        state = self._control.sending_state(self._stores, PAUSE_NOTE)
        self._modes = dict(state.modes)
        self._switches = state.switches
        self._pause = active_pause(state.note, now)
        self.saw_lapsed_pause = bool(state.note and state.note.get("active")) and not self._pause
        self._read_at = now


def active_pause(note: Mapping[str, Any] | None, now_ms: int) -> str:
    """Reason of a pause that has not run out; empty if there is none."""
    if not note or not note.get("active") or now_ms >= int(note.get("until_ms") or 0):
        return ""
    return str(note.get("reason") or "unknown")


def pause_sending(
    control: ControlRepository, reason: str, now_ms: int, pause_s: int, **facts: Any
) -> None:
    """Stop all sending for a while and say so: the note is what alarms.

    It ends by itself, because a refused probe costs nothing and a door code that waits for
    somebody to press a button does; the next refusal renews it. A renewed pause keeps its
    beginning, so that people hear of it once and not at each renewal.
    """
    known = dict(control.get_note(PAUSE_NOTE) or {})
    is_renewed = known.get("active") and known.get("reason") == reason
    since_ms = known["since_ms"] if is_renewed else now_ms
    note = {"active": True, "reason": reason, "since_ms": since_ms, **facts}
    control.put_note(PAUSE_NOTE, note | {"until_ms": now_ms + pause_s * 1000})


def pause_begun(control: ControlRepository) -> str:
    """Names the pause that began last, whether it still holds or not; empty if there was none."""
    note = control.get_note(PAUSE_NOTE) or {}
    return f"{note['reason']} since {note['since_ms']}" if note else ""


def end_lapsed_pause(control: ControlRepository, now_ms: int) -> None:
    """A text went out after a pause: another refusal is a new one. One in force stays."""
    note = dict(control.get_note(PAUSE_NOTE) or {})
    if note.get("active") and not active_pause(note, now_ms):
        control.put_note(PAUSE_NOTE, note | {"active": False})


def resume_sending(control: ControlRepository) -> None:
    """End a pause, as an operator does."""
    note = dict(control.get_note(PAUSE_NOTE) or {})
    if note.get("active"):
        control.put_note(PAUSE_NOTE, note | {"active": False})
