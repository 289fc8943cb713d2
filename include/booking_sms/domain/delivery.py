"""Delivery modes: which of them wins, and what absence means."""

from __future__ import annotations

from booking_sms.domain.phone import parse_phone

CAUTION = ("off", "comparison", "live")
"""Delivery modes, the most cautious first."""


def checked_mode(mode: str) -> str:
    """Return the mode, or raise ValueError when there is no such mode."""
    if mode not in CAUTION:
        raise ValueError(f"unknown delivery mode {mode!r}; one of {', '.join(CAUTION)}")
    return mode


def strictest(*modes: str | None) -> str:
    """The most cautious of the modes; absent and unknown count as ``off``.

    A store's own mode can therefore hold it back while the chain is live, and never send
    while the chain is off: whoever stops the chain has stopped every store.
    """
    known = [mode if mode in CAUTION else "off" for mode in modes]
    return min((str(mode) for mode in known), key=CAUTION.index)


def digits_of(phone: str) -> str:
    """One spelling per number for opt-outs: national digits, however it was written."""
    return parse_phone(phone).digits or "".join(ch for ch in phone if ch.isdigit())
