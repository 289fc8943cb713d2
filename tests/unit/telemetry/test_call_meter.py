"""A task's calls are counted once, by service, and nothing is left for the next task."""

import pytest

from booking_sms.telemetry.call_meter import NAVER, SENS, CallMeter, Measurement


def test_median_and_share_of_failures_are_by_service() -> None:
    meter = CallMeter()
    for took_ms, failed in ((10, False), (30, False), (500, True), (20, False)):
        meter.note_call(NAVER, took_ms, failed=failed)
    meter.note_call(SENS, 7, failed=False)

    calls = meter.take().calls

    assert (calls[NAVER].median_ms, calls[NAVER].failed_percent) == (25, 25)
    assert (calls[SENS].median_ms, calls[SENS].failed_percent) == (7, 0)


def test_what_was_taken_is_not_counted_again() -> None:
    meter = CallMeter()
    meter.note_call(NAVER, 1, failed=True)
    meter.note_write_units(2.5)
    meter.note_throttles()
    meter.note_secrets_error()
    meter.note_browser(start_ms=900, memory_mb=300)
    first = meter.take()

    assert (first.write_units, first.throttles, first.secrets_errors) == (2.5, 1, 1)
    assert (first.browser_start_ms, first.browser_memory_mb) == ((900,), (300,))
    assert meter.take() == Measurement()


@pytest.mark.parametrize(
    ("status", "failed", "throttles"),
    [(200, 0, 0), (404, 0, 0), (401, 0, 0), (429, 100, 1), (500, 100, 0), (503, 100, 0)],
)
def test_an_answer_is_judged_by_its_status(status: int, failed: int, throttles: int) -> None:
    meter = CallMeter()
    with meter.timed(SENS) as call:
        call.judge(status)
    taken = meter.take()

    assert taken.calls[SENS].failed_percent == failed
    assert taken.throttles == throttles


def test_a_call_without_an_answer_failed() -> None:
    meter = CallMeter()
    with pytest.raises(OSError, match="reset"), meter.timed(SENS):
        raise OSError("reset")

    assert meter.take().calls[SENS].failed == 1
