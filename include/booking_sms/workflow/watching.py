"""Looks from outside: the daily proof, the visit guard, the coverage detector."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

from booking_sms.bootstrap import Application
from booking_sms.domain.booking import KST
from booking_sms.domain.window import (
    WINDOW_LENGTH,
    Window,
)
from booking_sms.pipeline import (
    audit,
    guard,
    watch,
)
from booking_sms.telemetry.run_metrics import publish_count


def audit_day(app: Application, day: date | None = None) -> audit.AuditReport:
    """The two-way proof of a day (by default yesterday); residue is told to the team, in counts."""
    services = app.dispatch_services
    found = audit.audit_day(services, app.reconcile_policy(), day or audit.yesterday(services))
    publish_count(app, "AuditOpen", len(found.residue) + len(found.unreadable))
    if not found.is_clean:
        app.alert(_audit_text(found))
    return found


def _audit_text(found: audit.AuditReport) -> str:
    kinds = Counter(residue.kind for residue in found.residue)
    if found.unreadable:
        kinds["unreadable_item"] = len(found.unreadable)
    told = ", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items()))
    return f"AUDIT of {found.day}: {told}. Details: booking-sms audit --day {found.day}"


def guard_visits(app: Application) -> guard.GuardReport:
    """One round of the visit guard, on the bookings as Naver shows them now."""
    now = app.clock.now().timestamp()
    length = WINDOW_LENGTH.total_seconds()
    window = Window(datetime.fromtimestamp(now - now % length, KST))
    return guard.guard_visits(
        guard.GuardServices(
            jobs=app.jobs,
            ledger=app.ledger,
            control=app.control,
            clock=app.clock,
            stores=app.catalog().stores,
            read_store=lambda store_id: app.source.fetch_store(store_id, window).bookings,
            page=app.page,
        )
    )


def watch_windows(app: Application) -> watch.WatchReport:
    """One look at the coverage of all stores, for gaps and silence."""
    settings = app.settings
    return watch.watch_windows(
        watch.WatchServices(
            windows=app.windows,
            control=app.control,
            clock=app.clock,
            stores=app.catalog().stores,
            page=app.page,
            policy=watch.WatchPolicy(
                no_bookings_hours=settings.no_bookings_hours,
                band_low_percent=settings.bookings_band_low_percent,
                band_high_percent=settings.bookings_band_high_percent,
                effective_from=settings.effective_from,
            ),
        )
    )
