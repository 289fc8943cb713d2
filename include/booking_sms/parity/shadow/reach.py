"""Which defect of the predecessor's fetching kept a completed visit from it: measured, closed.

It derived the range to ask for from its own rows whose event text is open: first page of a scan
only (L8), store by store until one has none (L7), Korean time called UTC (L9), and a range that
grows beyond the 31 days that the interface takes, since cancelled visits stay open for ever (L18).
Each cause is worked out from the table as the run found it, for this very visit. A cause is refuted
where the same run reached a visit that the cause should have kept from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from booking_sms.domain.booking import KST
from booking_sms.parity.shadow.model import Reach, Span

L7, L8, L9, L18 = "L7", "L8", "L9", "L18"
CAUSES = (L7, L18, L8, L9)
"""In the order in which they are named where several hold: whole stores before single visits."""
LONGEST = timedelta(days=31)
MISLABELLED = timedelta(hours=9)


def reach_of(pages: Iterable[Iterable[tuple[str, str]]], stores: Iterable[str]) -> dict[str, Reach]:
    """Ranges by store, from (booking_num, booking_time) of the open rows, page by page.

    As the predecessor did it a store's rows are those whose number begins with its id (L13).
    """
    cut = [sorted(page) for page in pages]
    first = cut[0] if cut else []
    whole = [row for page in cut for row in page]
    return {
        store: Reach(whole=_span(whole, store), first_page=_span(first, store)) for store in stores
    }


def causes(reach: Mapping[str, Reach], store: str, visit: str) -> frozenset[str]:
    """Defects that kept this visit (KST wall clock of its start) out of the run's list."""
    found = _lost_store(reach, store)
    span = reach[store].first_page if store in reach else None
    if span is None:
        return found
    start, end, at = _instant(span.first), _instant(span.last), _instant(visit)
    if end - start > LONGEST:
        found |= {L18}
    inside, shifted = start <= at <= end, start <= at - MISLABELLED <= end
    if inside and not shifted:
        found |= {L9}
    whole = reach[store].whole
    if not inside and whole and _instant(whole.first) <= at <= _instant(whole.last):
        found |= {L8}
    return found


def _lost_store(reach: Mapping[str, Reach], store: str) -> frozenset[str]:
    """The first store without an open row ends the loop; by truncation it may only seem so."""
    for name, one in reach.items():
        if one.first_page is None:
            return frozenset({L7 if one.whole is None else L8})
        if name == store:
            break
    return frozenset()


def _span(rows: list[tuple[str, str]], store: str) -> Span | None:
    times = sorted(time for number, time in rows if number.startswith(store) and time)
    return Span(first=times[0], last=times[-1]) if times else None


def _instant(wall: str) -> datetime:
    return datetime.fromisoformat(wall).replace(tzinfo=KST)
