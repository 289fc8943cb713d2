"""Compares both sides of a campaign, channel by channel.

``db``: per booking, phone and kind, the candidate's decisions with the flags that the predecessor
set. ``sms``: per recipient and text, the candidate's texts with those that the gateway lists of the
predecessor; only where the list was read. Equal means: within one window. The result depends only
on what the windows hold, not on the order in which they are given or how often. What lies beside a
window, a store or a list that was not observed is not compared; it is counted as that.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from booking_sms.domain.window import WINDOW_LENGTH, last_end
from booking_sms.parity.shadow.explain import Explainer
from booking_sms.parity.shadow.model import (
    DB,
    SMS,
    Change,
    Compared,
    Decision,
    Finding,
    SentText,
    WindowSides,
)
from booking_sms.parity.shadow.pairing import Between, pair, within_reach

UNKNOWN = "unknown"
Key = tuple[str, str, str]
Decided = tuple[Between, Decision]
T = TypeVar("T")


def compare(windows: Iterable[WindowSides]) -> Compared:
    """Everything that differs in these windows; a window given twice counts once, the last."""
    by_end = {one.as_of: one for one in windows}
    return _Comparison(dict(sorted(by_end.items()))).result()


class _Comparison:
    def __init__(self, windows: Mapping[datetime, WindowSides]) -> None:
        self._windows = windows
        self._explainer = Explainer(windows)
        self._ends = tuple(windows)
        self._findings: list[Finding] = []
        self._not_comparable: list[Finding] = []
        self._pairs: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        self._shifted = self._pending = self._not_compared = 0

    def result(self) -> Compared:
        decided = self._decided()
        changed = self._changed()
        sent = [text for one in self._windows.values() for text in one.texts or ()]
        for key in sorted(decided.keys() | changed.keys()):
            self._compare_flags(key, decided.get(key, []), changed.get(key, []))
        if self._texts_observed:
            self._compare_texts(decided, sent)
        return Compared(
            windows=tuple(end for end, one in self._windows.items() if one.is_observed),
            unobserved=tuple(end for end, one in self._windows.items() if not one.is_observed),
            other_rules=tuple(end for end, one in self._windows.items() if one.other_rules),
            stores_unobserved={
                end: one.unread
                for end, one in self._windows.items()
                if one.is_observed and one.unread
            },
            pairs=dict(self._pairs),
            by_kind=dict(self._kinds),
            candidate_items=sum(map(len, decided.values())),
            legacy_items=sum(map(len, changed.values())),
            texts_observed=self._texts_observed,
            sent_items=len(sent),
            shifted=self._shifted,
            pending=self._pending,
            not_compared=self._not_compared,
            stores=frozenset(key[0].partition("_")[0] for key in decided.keys() | changed.keys()),
            findings=_sorted(self._findings),
            not_comparable=_sorted(self._not_comparable),
        )

    @property
    def _texts_observed(self) -> bool:
        return any(one.texts is not None for one in self._windows.values())

    def _decided(self) -> dict[Key, list[Decided]]:
        found: defaultdict[Key, list[Decided]] = defaultdict(list)
        for end, one in self._windows.items():
            for item in one.candidate or ():
                when = Between(self._first_possible(end, item.booking_num), end)
                found[_key(item)].append((when, item))
        return dict(found)

    def _first_possible(self, end: datetime, booking_num: str) -> datetime:
        """The first window in which the candidate could have decided it, had it read the store."""
        store = booking_num.partition("_")[0]
        before = self._windows.get(end - WINDOW_LENGTH)
        while before is not None and not before.was_decided(store):
            end = before.as_of
            before = self._windows.get(end - WINDOW_LENGTH)
        return end

    def _changed(self) -> dict[Key, list[tuple[Between, Change]]]:
        found: defaultdict[Key, list[tuple[Between, Change]]] = defaultdict(list)
        for end, one in self._windows.items():
            for item in one.changes or ():
                when = Between(one.first_possible, end)
                found[item.booking_num, item.phone, item.kind].append((when, item))
        return dict(found)

    def _compare_flags(
        self, key: Key, decided: list[Decided], changed: list[tuple[Between, Change]]
    ) -> None:
        for when, change in changed:
            if change.went_back:
                self._find(DB, "flag went back", key, when.last)
        flags = [(when, change) for when, change in changed if not change.went_back]
        pairs = pair([at for at, _ in decided], [when for when, _ in flags])
        for a, b in pairs.near:
            self._match(key, decided[a], flags[b])
        for a, b in pairs.far:
            at, item = decided[a][0].last, decided[a][1]
            cause = self._explainer.why_missing(at, item.booking_num, key[2], item.booking_time)
            self._find(DB, "too far apart", key, at, flags[b][0].last, cause)
        for a in pairs.left:
            self._missing(DB, "only the candidate", decided[a])
        for b in pairs.right:
            when, change = flags[b]
            cause = self._explainer.why_extra(when.last, key[2], change.booking_time)
            self._alone(DB, "only the predecessor", key, when.last, cause)

    def _match(self, key: Key, left: Decided, right: tuple[Between, Change]) -> None:
        (at, decision), (when, change) = left, right
        if not (at.is_exact and when.is_exact):
            self._not_compared += 1
            return
        self._pairs[DB] += 1
        self._kinds[key[2]] += 1
        self._shifted += bool(when.distance(at))
        wrote = change.is_new_row and change.booking_time
        if wrote and decision.booking_time != change.booking_time:
            self._find(DB, "other booking_time", key, at.last, when.last)

    def _compare_texts(self, decided: Mapping[Key, list[Decided]], sent: list[SentText]) -> None:
        planned = sorted(
            ((at, item) for items in decided.values() for at, item in items),
            key=lambda one: (one[0].last, one[1].booking_num, one[1].kind),
        )
        names = {item.body_sha: item.kind for _, item in planned if item.body_sha}
        by_person: defaultdict[str, list[SentText]] = defaultdict(list)
        for text in sent:
            by_person[text.to].append(text)
        mine: defaultdict[str, list[Decided]] = defaultdict(list)
        for at, item in planned:
            mine[item.to].append((at, item))
        for person in sorted(mine.keys() | by_person.keys()):
            self._compare_person(mine[person], by_person[person], names)

    def _compare_person(
        self, planned: list[Decided], sent: list[SentText], names: Mapping[str, str]
    ) -> None:
        """Equal texts first, then what is left beside each other: another text, or none."""
        for body in sorted({text.body_sha for text in sent if text.body_sha}):
            mine = [one for one in planned if one[1].body_sha == body]
            theirs = [text for text in sent if text.body_sha == body]
            for a, b in pair([at for at, _ in mine], [_when(text) for text in theirs]).near:
                self._match_text(mine[a])
                planned, sent = _without(planned, mine[a]), _without(sent, theirs[b])
        pairs = pair([at for at, _ in planned], [_when(text) for text in sent])
        for a, b in pairs.near:
            at, item = planned[a]
            if item.body_sha and sent[b].body_sha:
                self._find(SMS, "another text", _text_key(item), at.last, _when(sent[b]).last)
            else:
                self._match_text(planned[a])
        for a in (*(a for a, _ in pairs.far), *pairs.left):
            self._missing(SMS, "no text of the predecessor", planned[a])
        for b in (*(b for _, b in pairs.far), *pairs.right):
            end = _when(sent[b]).last
            key = self._whose(sent[b], names)
            cause = self._explainer.why_extra_text(end, key)
            self._alone(SMS, "a text that the candidate did not decide", key, end, cause)

    def _match_text(self, decided: Decided) -> None:
        if decided[0].is_exact:
            self._pairs[SMS] += 1
        else:
            self._not_compared += 1

    def _whose(self, text: SentText, names: Mapping[str, str]) -> Key:
        """The booking of a recipient, by what either side knows of that phone at any time."""
        kind = names.get(text.body_sha, UNKNOWN)
        known = self._bookings_of.get(text.to, set())
        number = text.booking_num or (next(iter(known)) if len(known) == 1 else "")
        return (number, text.to, kind)

    @cached_property
    def _bookings_of(self) -> Mapping[str, set[str]]:
        found: defaultdict[str, set[str]] = defaultdict(set)
        for one in self._windows.values():
            for item in one.candidate or ():
                found[item.to].add(item.booking_num)
        return found

    def _missing(self, channel: str, what: str, decided: Decided) -> None:
        """The candidate alone decided it: the predecessor should have, unless it could not."""
        at, item = decided[0].last, decided[1]
        key = _key(item) if channel == DB else _text_key(item)
        if item.is_comparable(channel):
            cause = self._explainer.why_missing(at, item.booking_num, item.kind, item.booking_time)
            self._alone(channel, what, key, at, cause)
        else:
            self._not_comparable.append(_finding(channel, item.held, key, at))

    def _alone(self, channel: str, what: str, key: Key, at: datetime, cause: str) -> None:
        """What stayed alone counts once the other side had its chance and was seen to have it."""
        if at + WINDOW_LENGTH > self._ends[-1]:
            self._pending += 1
            return
        reach = [end for end in within_reach(at) if end >= self._ends[0]]
        if not all(self._was_seen(channel, end, key[0].partition("_")[0]) for end in reach):
            self._not_compared += 1
            return
        self._find(channel, what, key, at, None, cause)

    def _was_seen(self, channel: str, end: datetime, store: str) -> bool:
        one = self._windows.get(end)
        if one is None or not one.is_observed or not one.was_decided(store):
            return False
        return channel == DB or one.texts is not None

    def _find(
        self,
        channel: str,
        what: str,
        key: Key,
        at: datetime,
        other: datetime | None = None,
        cause: str = "",
    ) -> None:
        self._findings.append(replace(_finding(channel, what, key, at, other), explained=cause))


def _finding(
    channel: str, what: str, key: Key, at: datetime, other: datetime | None = None
) -> Finding:
    number, to, kind = key
    return Finding(
        channel=channel,
        what=what,
        booking_num=number,
        kind=kind,
        window=at,
        other=other,
        to=to if channel == SMS else "",
    )


def _sorted(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """In an order that depends on nothing but what was found."""
    keys = lambda one: (one.window, one.channel, one.what, one.booking_num, one.kind)  # noqa: E731
    return tuple(sorted(found, key=keys))


def _key(item: Decision) -> Key:
    return (item.booking_num, item.phone, item.kind)


def _text_key(item: Decision) -> Key:
    return (item.booking_num, item.to, item.kind)


def _when(text: SentText) -> Between:
    end = last_end(text.at)
    return Between(end, end)


def _without(items: list[T], taken: T) -> list[T]:
    """All but one: the same text twice is two texts."""
    left = list(items)
    left.remove(taken)
    return left
