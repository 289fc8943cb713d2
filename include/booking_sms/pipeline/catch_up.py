"""What the first window after a gap tells people: missed, healed, lost, and how to repair.

Told once. It names stores, windows and rules, never a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from booking_sms.domain.booking import KST
from booking_sms.domain.store import StoreDirectory
from booking_sms.domain.window import HealedWindow, StoreCoverage, Window
from booking_sms.pipeline.once_a_day import tell_once_a_day
from booking_sms.pipeline.report import alias_of
from booking_sms.ports import ControlRepository

NOTE = "catch_up"


def tell_catch_up(
    control: ControlRepository,
    window: Window,
    coverage: Iterable[StoreCoverage],
    stores: StoreDirectory,
    now: datetime,
    tell: Callable[[str], bool],
) -> bool:
    """Tell of the gaps that this window heals; False if there are none, or if it was told.

    A note that cannot be delivered is told by a repeated run of the window.
    """
    text = catch_up_text(window, coverage, stores)
    if text is None:
        return False
    return tell_once_a_day(control, NOTE, now, lambda: tell(text), about=window.name)


def catch_up_text(
    window: Window, coverage: Iterable[StoreCoverage], stores: StoreDirectory
) -> str | None:
    """The summary in the owner's words; None without a gap."""
    gaps = {row.store_id: row.heals for row in coverage if row.heals}
    if not gaps:
        return None
    healed = [one for heals in gaps.values() for one in heals]
    lines = [f"{_day(window.as_of)} 회차가 그 전에 빠진 회차를 이어받았습니다"]
    lines += _store_lines(gaps, stores)
    lines += _lost_lines(healed)
    return "\n".join(lines)


def _store_lines(gaps: dict[str, tuple[HealedWindow, ...]], stores: StoreDirectory) -> list[str]:
    """One line for all stores that miss the same windows."""
    alike: dict[tuple[Window, ...], list[str]] = {}
    for store_id, heals in gaps.items():
        alike.setdefault(tuple(one.window for one in heals), []).append(store_id)
    return [f"- {_names(ids, stores)}: {span(windows)}" for windows, ids in alike.items()]


def _names(store_ids: Sequence[str], stores: StoreDirectory) -> str:
    if len(store_ids) > 1 and set(store_ids) == set(stores.stores):
        return "모든 지점"
    return ", ".join(alias_of(store_id, stores) for store_id in store_ids)


def _lost_lines(healed: Sequence[HealedWindow]) -> list[str]:
    lost = [one for one in healed if one.lost]
    subsumed = f"- 다음 회차가 대신 처리: {len(healed) - len(lost)}회"
    if not lost:
        return [subsumed, "- 놓친 문자 없음"]
    counts = lost_by_rule(lost)
    told = ", ".join(f"{rule} {number}건" for rule, number in counts.items())
    windows = sorted({one.window for one in lost})
    return [
        subsumed,
        f"- 놓친 문자: {told} ({span(windows)})",
        f"미리보기: {preview_command(windows[0], windows[-1])} (또는 DAG repair_window)",
    ]


def lost_by_rule(healed: Iterable[HealedWindow]) -> dict[str, int]:
    """Messages lost, counted by rule, over several windows and stores."""
    counts: Counter[str] = Counter()
    for one in healed:
        counts.update(dict(one.lost))
    return dict(sorted(counts.items()))


def preview_command(first: Window, last: Window, store_id: str = "") -> str:
    """What to type to see what a repair of these windows would do."""
    store = f" --store {store_id}" if store_id else ""
    return f"booking-sms repair preview --from {first.name} --to {last.name}{store}"


def span(windows: Sequence[Window]) -> str:
    """``03-02 13:20~13:40 (2회)``; the day again where it changes. Oldest first, not empty."""
    first, last = (one.as_of.astimezone(KST) for one in (windows[0], windows[-1]))
    end = f"{last:%H:%M}" if first.date() == last.date() else _day(last)
    return f"{_day(first)}~{end} ({len(windows)}회)" if first != last else _day(first)


def _day(instant: datetime) -> str:
    return f"{instant.astimezone(KST):%m-%d %H:%M}"
