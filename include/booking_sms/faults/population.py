"""Messages to try the outbox with: invented people, and texts that tell which is which."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random

from booking_sms.domain.message import MessageType
from booking_sms.domain.sms_job import JobState, LedgerEntry, SmsJob, job_sort_key

SHORT_LIFE, LONG_LIFE = timedelta(hours=1), timedelta(days=3)
TWINS = 0.15
TEXTS = 60
"""Texts that customers share, as a chain's do; one customer never gets the same one twice."""
SENDER = "15990100"
"""Registered in the sandbox, as a chain's default sender is with SENS."""


def make_jobs(
    number: int,
    random: Random,
    put_body: Callable[[str], str],
    start: datetime,
    short_lived: float = 0.0,
) -> Iterator[SmsJob]:
    """Messages as a chain has them: two kinds, SMS and LMS, and identical twins.

    All are due at ``start``; a share of ``short_lived`` ones has an hour only. ``put_body``
    stores a text and returns its sha256.
    """
    for index in range(number):
        customer = index // 2
        kind = ("confirm", "guide")[index % 2]
        is_twin = random.random() < TWINS
        text = "같은 안내입니다" if is_twin else f"{kind} 안내 {index % TEXTS}"
        is_short = random.random() < short_lived
        yield SmsJob(
            booking_num=f"900101_{index}",
            sort_key=job_sort_key(kind, "once", f"{customer:010d}"),
            kind=kind,
            occurrence="once",
            store_id="900101",
            state=JobState.AVAILABLE,
            to=f"0100{customer // 3:07d}",
            sender=SENDER,
            message_class="information",
            message_type=random.choice([MessageType.SMS.value, MessageType.LMS.value]),
            subject="안내",
            body_sha=put_body(text),
            not_before=start,
            not_after=start + (SHORT_LIFE if is_short else LONG_LIFE),
            due_at=start,
            window=start.isoformat(),
            rule=kind,
            ledger=LedgerEntry(phone=f"010-0{customer:03d}-0000", name="시험"),
        )
