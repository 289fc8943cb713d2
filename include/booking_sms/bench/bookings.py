"""An invented chain of any size, made store by store while it is planned.

Everything follows from the seed and the store's number, so that a store is the same in a small
chain and in a large one. Every person is invented; phones begin with 0100, which nobody has.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from booking_sms.domain.booking import KST, Booking, BookingOption, BookingStatus
from booking_sms.domain.ledger import FailedSms, Ledger, LedgerKey, LedgerRow, first_sight_row
from booking_sms.domain.payload_fields import PayloadFields
from booking_sms.domain.phone import ledger_phone
from booking_sms.domain.store import Store, StoreDirectory

AS_OF = datetime(2026, 3, 2, 20, 0, tzinfo=KST)
"""A Monday evening: the hour at which review rules look at every completed booking."""
STATUSES = {
    BookingStatus.CONFIRMED: 50,
    BookingStatus.COMPLETED: 35,
    BookingStatus.CANCELLED: 12,
    BookingStatus.NO_SHOW: 2,
    BookingStatus.REQUESTED: 1,
}
OPTIONS = (
    "무료 인화지 (네이버 포토리뷰 약속 시)",
    "인스타 업로드 이벤트",
    "원본 파일 전체 제공",
    "전문가 보정 1장",
    "무선 리모컨 대여",
    "인원 추가",
)
ORIGINS = ("naver_search", "naver_map", "naver_talk")
KNOWN_SHARE, FAILED_SHARE, MOVED_SHARE, OTHER_PHONE_SHARE = 0.8, 0.01, 0.03, 0.01
FIRST_STORE = 800_001


def store_count(bookings: int, per_store: int) -> int:
    """Stores of a chain with so many bookings; the last one may be smaller."""
    return -(-bookings // per_store)


def directory(bookings: int, per_store: int) -> StoreDirectory:
    """The chain's stores."""
    numbers = range(store_count(bookings, per_store))
    stores = (
        Store(store_id=store_id(number), name=f"별빛스튜디오 {number + 1}호점", alias=f"{number}")
        for number in numbers
    )
    return StoreDirectory(
        stores={store.store_id: store for store in stores},
        default_sender="050000000001",
        brand="별빛스튜디오",
    )


def store_id(number: int) -> str:
    """Id of the chain's n-th store, from 0."""
    return str(FIRST_STORE + number)


def make_chunks(
    bookings: int, per_store: int, seed: int
) -> Iterator[tuple[tuple[Booking, ...], Ledger]]:
    """Each store's bookings and what is known of them, made when they are asked for."""
    for number in range(store_count(bookings, per_store)):
        size = min(per_store, bookings - number * per_store)
        yield _StoreMaker(seed, number).chunk(size)


class _StoreMaker:
    """One store's invented bookings."""

    def __init__(self, seed: int, number: int) -> None:
        self._random = Random(f"{seed}/{number}")
        self._store_id = store_id(number)

    def chunk(self, size: int) -> tuple[tuple[Booking, ...], Ledger]:
        """So many bookings, oldest visit first as the partner API lists them."""
        made = sorted(map(self._booking, range(size)), key=lambda booking: booking.starts_at)
        return tuple(made), self._ledger(made)

    def _booking(self, number: int) -> Booking:
        random = self._random
        starts_at = AS_OF + timedelta(minutes=20 * random.randint(-7 * 72, 14 * 72))
        registered_at = starts_at - timedelta(hours=random.randint(1, 400))
        status = self._status(starts_at)
        is_cancelled = status is BookingStatus.CANCELLED
        return Booking(
            store_id=self._store_id,
            booking_id=str(10_000_000 + number),
            status=status,
            name=f"손님{number}",
            phone=f"0100{random.randint(0, 9_999_999):07d}",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=random.choice((1, 1, 2))),
            registered_at=registered_at,
            confirmed_at=registered_at,
            cancelled_at=min(starts_at, AS_OF) if is_cancelled else None,
            options=self._options(),
            previous_booking_id=str(9_000_000 + number) if self._is(MOVED_SHARE) else None,
            fields=self._fields(),
        )

    def _status(self, starts_at: datetime) -> BookingStatus:
        """A visit to come is not completed yet."""
        (status,) = self._random.choices(list(STATUSES), list(STATUSES.values()))
        is_early = status is BookingStatus.COMPLETED and starts_at > AS_OF
        return BookingStatus.CONFIRMED if is_early else status

    def _options(self) -> tuple[BookingOption, ...]:
        random = self._random
        chosen = random.sample(OPTIONS, random.choice((0, 1, 1, 2, 3)))
        return tuple(
            BookingOption(name=name, quantity=random.choice((1, 1, 1, 2))) for name in chosen
        )

    def _fields(self) -> PayloadFields:
        random = self._random
        return PayloadFields({
            "completedCount": random.randint(0, 6),
            "totalPrice": 10_000 * random.randint(3, 20),
            "bookingOrigin": random.choice(ORIGINS),
            "snapshotJson": {"bizItemName": "셀프 촬영 60분", "couponJson": []},
        })

    def _ledger(self, bookings: list[Booking]) -> Ledger:
        rows: dict[LedgerKey, LedgerRow] = {}
        failed: dict[LedgerKey, tuple[FailedSms, ...]] = {}
        for booking in bookings:
            if not self._is(KNOWN_SHARE):
                continue
            row = self._row(booking)
            rows[row.key] = row
            if self._is(FAILED_SHARE):
                due_at = AS_OF - timedelta(hours=self._random.randint(1, 48))
                failed[row.key] = (FailedSms(kind="confirm", due_at=due_at),)
        return Ledger(rows, failed)

    def _row(self, booking: Booking) -> LedgerRow:
        """What earlier windows sent: the confirmation, and after the visit all the others."""
        phone = "01000000000" if self._is(OTHER_PHONE_SHARE) else booking.phone
        is_past = booking.starts_at < AS_OF
        row = first_sight_row(
            booking.booking_num, ledger_phone(phone), booking.name, booking.booking_time
        )
        reviewed = is_past and booking.ends_at < AS_OF - timedelta(days=1)
        return row.with_values(confirm_sms=True, remind_sms=is_past, option_sms=reviewed)

    def _is(self, share: float) -> bool:
        return self._random.random() < share
