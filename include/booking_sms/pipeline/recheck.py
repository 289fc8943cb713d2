"""The last question to Naver about a message of an old window: is it still for this visit?

One rule for old plans before they are loaded and for repairs, at preview and at execution.
"""

from __future__ import annotations

from booking_sms.domain.booking import Booking, BookingStatus
from booking_sms.domain.errors import ConfigError, ExtractError, TransformError
from booking_sms.domain.phone import recipient_of
from booking_sms.domain.sms_job import SmsJob
from booking_sms.ports import BookingSource

CANCELLED, NO_SHOW, GONE = "cancelled", "no_show", "gone"
MOVED, PHONE_CHANGED = "moved", "phone_changed"
OVER_FOR_GOOD = frozenset({CANCELLED, NO_SHOW})
"""A visit that will not come back: its message may be recorded as cancelled.

What was moved, or has another phone, may need a message under the very same key later: nothing
may take its place in the outbox.
"""
_ENDED = {BookingStatus.CANCELLED: CANCELLED, BookingStatus.NO_SHOW: NO_SHOW}


def recheck(job: SmsJob, booking: Booking | None) -> str:
    """Why the message must not go to this booking as it is now; empty if it may.

    The very booking that was decided on passes whatever its state: a rule may be about
    cancelled visits.
    """
    if booking is None:
        return GONE
    if booking.version and booking.version == job.booking_version:
        return ""
    if booking.status in _ENDED:
        return _ENDED[booking.status]
    if job.visit_at is not None and booking.starts_at != job.visit_at:
        return MOVED
    return "" if recipient_of(booking.phone) == job.to else PHONE_CHANGED


class BookingReader:
    """Reads each booking once; a failure is remembered too, by its code."""

    def __init__(self, source: BookingSource) -> None:
        self._source = source
        self._read: dict[str, Booking | None] = {}
        self._failed: dict[str, str] = {}

    def read(self, booking_num: str) -> tuple[Booking | None, str]:
        """The booking as Naver shows it now and an empty code, or None and why it was not read.

        Raises ConfigError.
        """
        if booking_num not in self._read and booking_num not in self._failed:
            self._ask(booking_num)
        return self._read.get(booking_num), self._failed.get(booking_num, "")

    def _ask(self, booking_num: str) -> None:
        store_id, _, booking_id = booking_num.partition("_")
        try:
            self._read[booking_num] = self._source.fetch_booking(store_id, booking_id)
        except ConfigError:
            raise  # not this booking's fault: none would come
        except (ExtractError, TransformError) as error:
            self._failed[booking_num] = error.code
