"""Steps that read: session, stores, checks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from time import perf_counter

from booking_sms.bootstrap import Application
from booking_sms.domain.errors import (
    BookingSmsError,
    ConfigError,
    StoresFailed,
)
from booking_sms.domain.window import (
    CoverageStatus,
    StoreCoverage,
    Window,
)
from booking_sms.pipeline import extract as extraction
from booking_sms.telemetry.log_events import ERROR, log_event, since_ms
from booking_sms.workflow.steps import Summary


def open_session(app: Application, window: Window) -> Summary:
    """Make sure that Naver lets us in, before any store is asked; the stores to extract.

    A login that fails leaves every store's window failed, visibly, and is raised.
    """
    begun = perf_counter()
    try:
        session = dict(app.session.ensure_valid())
    except BookingSmsError as error:  # also a browser that is not installed
        log_event("session_ready", level=ERROR, window=window.name, **_failed(error, begun))
        for store_id in app.store_ids():
            record_failed_store(app, window, store_id, error)
        raise
    _tell_session(window, session, begun)
    return {"session": session, "stores": list(app.store_ids()), "window": window.name}


def _tell_session(window: Window, session: Summary, begun: float) -> None:
    log_event(
        "session_ready",
        window=window.name,
        status="success",
        session_state=str(session.get("state", "")) or None,
        browser_started=bool(session.get("browser_started")),
        duration_ms=since_ms(begun),
    )
    log_event("run_started", window=window.name)


def extract_store(app: Application, window: Window, store_id: str, attempt: int = 1) -> Summary:
    """Fetch and stage one store; a failure is recorded as a failed window and raised."""
    app.catalog().stores.get(store_id)
    begun = perf_counter()
    about: Summary = {"window": window.name, "store_id": store_id, "attempt": attempt}
    try:
        summary = _extract(app, window, store_id, attempt)
    except BookingSmsError as error:
        log_event("store_extracted", level=ERROR, **about, **_failed(error, begun))
        record_failed_store(app, window, store_id, error)
        raise
    came = summary.as_dict()
    read = {name: came[name] for name in ("bookings", "quarantined")}
    took = since_ms(begun)
    log_event("store_extracted", status="success", duration_ms=took, **about, **read)
    return came


def _failed(error: BookingSmsError, begun: float) -> Summary:
    return {"status": "failure", "error": error.code, "duration_ms": since_ms(begun)}


def _extract(
    app: Application, window: Window, store_id: str, attempt: int
) -> extraction.ExtractSummary:
    """A current window is read anew; an old one by its own snapshot, else reconstructed."""
    if not window.is_old(app.clock.now()):
        return extraction.extract_store(app.source, app.stage, window, store_id, attempt)
    snapshot = extraction.find_snapshot(app.stage, window, store_id)
    if snapshot is not None:
        return extraction.summary_of(extraction.load_staged(app.stage, snapshot), snapshot)
    return extraction.extract_store(
        app.source, app.stage, window, store_id, attempt, reconstruct=True
    )


def extract_stores(
    app: Application, window: Window, stores: Iterable[str]
) -> tuple[list[Summary], dict[str, str]]:
    """Extract store by store in this process; one failing does not stop the others."""
    extracts: list[Summary] = []
    failed: dict[str, str] = {}
    for store_id in stores:
        try:
            extracts.append(extract_store(app, window, store_id))
        except ConfigError:
            raise  # not this store's fault: none would come
        except BookingSmsError as error:
            failed[store_id] = error.code
    return extracts, failed


def record_failed_store(
    app: Application, window: Window, store_id: str, error: BookingSmsError
) -> None:
    """Write a failed window for a store, with the error's name as reason."""
    app.windows.record(
        StoreCoverage(
            store_id=store_id, window=window, status=CoverageStatus.FAILED, reason=error.code
        )
    )


def check_bookings(app: Application, window: Window, extracts: Sequence[Summary]) -> Summary:
    """Great Expectations over what was extracted; critical failures are paged, not fatal.

    Refuses (StoresFailed) when no store came at all.
    """
    from booking_sms.quality.bookings import check_staged  # heavy: pandas and GX

    if not extracts:
        raise StoresFailed("no store could be read", window=window.name)
    result = check_staged(app.stage, [item["key"] for item in extracts], app.store_ids(), window)
    if not result["success"]:
        app.alert(f"booking checks failed in window {window.name}: {', '.join(result['failed'])}")
    return result
