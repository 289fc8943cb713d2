"""SIGTERM asks a sender to stop between two messages; it does not cut it off."""

from __future__ import annotations

import os
import signal

from booking_sms_airflow.stop_signal import stop_on_sigterm


def test_sigterm_is_remembered_and_does_not_interrupt() -> None:
    before = signal.getsignal(signal.SIGTERM)

    with stop_on_sigterm() as should_stop:
        asked_before = should_stop()
        os.kill(os.getpid(), signal.SIGTERM)
        asked_after = should_stop()

    assert (asked_before, asked_after) == (False, True)
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_old_handler_comes_back_after_an_error() -> None:
    before = signal.getsignal(signal.SIGTERM)

    try:
        with stop_on_sigterm():
            raise RuntimeError("a send failed")
    except RuntimeError:
        pass

    assert signal.getsignal(signal.SIGTERM) is before
