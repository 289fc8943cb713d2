"""Invented texts for the outbox, as a chain has them: a confirmation and a guide a booking.

The chain's own texts are LMS and the same for all customers of a store; so are these, unless
each text shall be its own, as with a name in it. Jobs are as wide as production writes them:
long names, digests, versions. Every person is invented; phones begin with 0100, which nobody
has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from booking_sms.bench.bookings import store_id
from booking_sms.domain.ledger import FLAG_OF_KIND
from booking_sms.domain.message import MessageType
from booking_sms.domain.phone import ledger_phone
from booking_sms.domain.sms_job import JobState, LedgerEntry, SmsJob, job_sort_key

STORES = 8
KINDS = ("confirm", "guide")
SENDER = "15990100"
"""Registered in the sandbox, as a chain's default sender is with SENS."""
LIFE = timedelta(hours=6)
FIRST_BOOKING = 7_000_000_001


@dataclass(frozen=True, kw_only=True)
class TextMaker:
    """Makes jobs that are due at ``start``; ``put_body`` stores a text and returns its sha256."""

    start: datetime
    put_body: Callable[[str], str]
    own_texts: bool = False

    def jobs(self, numbers: range) -> Iterator[SmsJob]:
        """The n-th text of the run, for each of these numbers."""
        return map(self._job, numbers)

    def _job(self, number: int) -> SmsJob:
        """Two texts in a row are the confirmation and the guide of one booking."""
        customer, kind = number // len(KINDS), KINDS[number % len(KINDS)]
        store = store_id(customer % STORES)
        phone = f"0100{customer:07d}"
        return SmsJob(
            booking_num=f"{store}_{FIRST_BOOKING + customer}",
            sort_key=job_sort_key(kind, "once", _digest(phone, 10)),
            kind=kind,
            occurrence="once",
            store_id=store,
            state=JobState.AVAILABLE,
            to=phone,
            sender=SENDER,
            message_class="information",
            message_type=MessageType.LMS.value,
            subject="[별빛스튜디오] 이용 안내",
            body_sha=self.put_body(self._text(kind, store, number)),
            not_before=self.start,
            not_after=self.start + LIFE,
            due_at=self.start,
            window=self.start.isoformat(),
            rule=kind,
            ledger=_ledger_entry(kind, phone, customer, self.start),
            priority=10 * KINDS.index(kind),
            rule_digest=_digest(kind, 12),
            template=f"{kind}/{store}",
            template_digest=_digest(kind + store, 12),
            booking_version=_digest(str(customer), 12),
            code_version="1.12.3",
            doubt_resend_minutes=30,
            visit_at=self.start + LIFE,
        )

    def _text(self, kind: str, store: str, number: int) -> str:
        """About 230 bytes in EUC-KR: an LMS, as the chain's own are."""
        whom = f"손님{number}님, " if self.own_texts else ""
        lines = (
            "예약하신 시각에 촬영실로 바로 들어가 주세요. " * 2,
            "주차는 건물 뒤편입니다.\n" * 4,
        )
        return f"{whom}별빛스튜디오 {store} {kind} 안내입니다.\n" + "\n".join(lines)


def _ledger_entry(kind: str, phone: str, customer: int, start: datetime) -> LedgerEntry:
    return LedgerEntry(
        phone=ledger_phone(phone),
        name=f"시험손님{customer}",
        booking_time=f"{start + LIFE:%Y-%m-%d %H:%M:%S}",
        flag=FLAG_OF_KIND[kind],
    )


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]
