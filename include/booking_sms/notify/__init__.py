"""What the team is told about the system itself: one notice, told once, taken back when it ends.

Notices about bookings are jobs in the outbox and go another way (``pipeline.notices``).
"""

from booking_sms.notify.desk import Delivery, Links, NoticeDesk, NoticeWay
from booking_sms.notify.notice import Notice, Receipt, Severity
from booking_sms.notify.silences import Silence, Silences, read_silences

__all__ = [
    "Delivery",
    "Links",
    "Notice",
    "NoticeDesk",
    "NoticeWay",
    "Receipt",
    "Severity",
    "Silence",
    "Silences",
    "read_silences",
]
