"""Makers of test data: valid by default, so that a test shows only what matters to it.

Every person and number is invented; phones begin with 0100, which no carrier assigns.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from booking_sms.domain.booking import KST, Booking, BookingStatus
from booking_sms.domain.ledger import FLAG_OF_KIND, LedgerRow
from booking_sms.domain.phone import ledger_phone
from booking_sms.domain.sms_job import (
    JobState,
    LedgerEntry,
    SmsJob,
    job_sort_key,
    recipient_digest,
)
from booking_sms.domain.store import Store, StoreDirectory
from booking_sms.domain.window import CoverageStatus, StoreCoverage, Window
from booking_sms.ports import OutgoingSms

NOW = datetime(2026, 3, 2, 14, 0, tzinfo=KST)
"""A Monday afternoon: the instant at which test data is valid."""
NOW_MS = 1_772_427_600_000
"""``NOW`` in epoch milliseconds."""
STORE_ID = "900101"
PHONE = "01000001234"
SENDER = "050000000001"
HMAC_KEY = b"test-key-of-nobody"


def make_booking(*, starts_in: timedelta = timedelta(hours=2), **overrides: Any) -> Booking:
    """A confirmed booking of one hour that starts ``starts_in`` after NOW."""
    starts_at = overrides.pop("starts_at", NOW + starts_in)
    fields: dict[str, Any] = {
        "store_id": STORE_ID,
        "booking_id": "7000000001",
        "status": BookingStatus.CONFIRMED,
        "name": "김시험",
        "phone": PHONE,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=1),
        "registered_at": NOW - timedelta(days=3),
        "confirmed_at": NOW - timedelta(days=3),
    }
    return Booking(**{**fields, **overrides})


def make_job(**overrides: Any) -> SmsJob:
    """An available guide for a visit in two hours, due now. The key follows what is overridden."""
    kind = overrides.get("kind", "guide")
    occurrence = overrides.get("occurrence", "once")
    phone = overrides.get("to", PHONE)
    digest = recipient_digest(HMAC_KEY, phone)
    fields: dict[str, Any] = {
        "booking_num": f"{overrides.get('store_id', STORE_ID)}_7000000001",
        "sort_key": job_sort_key(kind, occurrence, digest),
        "kind": kind,
        "occurrence": occurrence,
        "store_id": STORE_ID,
        "state": JobState.AVAILABLE,
        "to": phone,
        "sender": SENDER,
        "message_class": "information",
        "message_type": "LMS",
        "subject": "이용 안내",
        "body_sha": "5e" * 32,
        "not_before": NOW,
        "not_after": NOW + timedelta(hours=3),
        "due_at": NOW,
        "visit_at": NOW + timedelta(hours=2),
        "window": Window(NOW).name,
        "rule": kind,
        "booking_version": "1",
        "ledger": _ledger_entry(kind, phone),
    }
    return SmsJob(**{**fields, **overrides})


def make_ledger_row(**overrides: Any) -> LedgerRow:
    """A row of LEGACY's ledger whose confirmation went out; overrides go into the item."""
    booking_num = overrides.pop("booking_num", f"{STORE_ID}_7000000001")
    phone = overrides.pop("phone", ledger_phone(PHONE))
    item = {
        "booking_num": booking_num,
        "phone": phone,
        "name": "김시험",
        "booking_time": "2026-03-02 16:00:00",
        "confirm_sms": True,
        "remind_sms": False,
        "option_sms": False,
        "option_time": "",
    }
    return LedgerRow(booking_num=booking_num, phone=phone, item={**item, **overrides})


def make_store(store_id: str = STORE_ID, **overrides: Any) -> Store:
    """A store with its own sender number."""
    fields: dict[str, Any] = {
        "store_id": store_id,
        "name": f"시험점 {store_id[-2:]}",
        "alias": f"s{store_id[-2:]}",
        "sender": f"050000{store_id}",
    }
    return Store(**{**fields, **overrides})


def make_store_directory(*store_ids: str) -> StoreDirectory:
    """A chain of these stores, of one when none is named."""
    stores = {store_id: make_store(store_id) for store_id in store_ids or (STORE_ID,)}
    return StoreDirectory(stores=stores, default_sender=SENDER, brand="시험사진관")


def make_window(as_of: datetime = NOW) -> Window:
    """The window that ends at NOW."""
    return Window(as_of)


def make_coverage(**overrides: Any) -> StoreCoverage:
    """A covered window of one store with two bookings."""
    fields: dict[str, Any] = {
        "store_id": STORE_ID,
        "window": make_window(),
        "status": CoverageStatus.COVERED,
        "bookings": 2,
        "counts": (("planned", 1), ("not_matched", 1)),
    }
    return StoreCoverage(**{**fields, **overrides})


def make_outgoing_sms(**overrides: Any) -> OutgoingSms:
    """One guide on its way to the gateway."""
    fields: dict[str, Any] = {
        "to": PHONE,
        "sender": SENDER,
        "content": "시험 안내 문자입니다.",
        "subject": "이용 안내 ABC234",
        "message_type": "LMS",
        "advertising": False,
        "store_id": STORE_ID,
    }
    return OutgoingSms(**{**fields, **overrides})


def _ledger_entry(kind: str, phone: str) -> LedgerEntry:
    return LedgerEntry(
        phone=ledger_phone(phone),
        name="김시험",
        booking_time="2026-03-02 16:00:00",
        flag=FLAG_OF_KIND.get(kind, ""),
    )
