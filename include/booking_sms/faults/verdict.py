"""Compares what phones got with what the outbox says: the only judge of a campaign."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from booking_sms.domain.sms_job import FINAL, SENT, JobState, SmsJob

Text = tuple[str, str]
"""(recipient, content): identical twins are told apart by count alone."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a campaign found. ``is_clean`` is the promise: nothing doubled, lost or mistaken.

    ``held`` waits for a person and ``expired`` ended with its useful life: neither is lost.
    """

    sends: int = 0
    texts: int = 0
    kills: int = 0
    freezes: int = 0
    duplicates: int = 0
    lost: int = 0
    unsettled: int = 0
    held: int = 0
    expired: int = 0
    wrong_settlements: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether the promise held."""
        return not (self.duplicates or self.lost or self.unsettled or self.wrong_settlements)

    def plus(self, other: Verdict) -> Verdict:
        """Both campaigns together."""
        mine, theirs = asdict(self), asdict(other)
        return Verdict(**{name: mine[name] + theirs[name] for name in mine})

    def as_dict(self) -> dict[str, int]:
        """JSON-able counts."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def judge(
    jobs: Iterable[SmsJob],
    received: Mapping[Text, int],
    refused: Iterable[Text],
    content_of: Callable[[SmsJob], str],
    may_expire: Callable[[SmsJob], bool],
    **counts: Any,
) -> Verdict:
    """Judge finished work by the texts that phones ``received``.

    ``refused`` are texts that SENS refuses for good; ``may_expire`` tells which jobs were so
    short of time that ending unsent is no loss. ``counts`` are kills and freezes.
    """
    groups: defaultdict[Text, list[SmsJob]] = defaultdict(list)
    for job in jobs:
        groups[(job.to, content_of(job))].append(job)
    found: Counter[str] = Counter()
    found["duplicates"] = sum(n for text, n in received.items() if text not in groups)
    bad = frozenset(refused)
    for text, group in groups.items():
        found += _judge_group(group, received.get(text, 0), text in bad, may_expire)
    return Verdict(
        sends=sum(map(len, groups.values())), texts=sum(received.values()), **found, **counts
    )


def _judge_group(
    group: list[SmsJob], texts: int, is_refused: bool, may_expire: Callable[[SmsJob], bool]
) -> Counter[str]:
    """Jobs that would send the very same text to the same phone, and how often it came."""
    states = Counter(job.state for job in group)
    sent = sum(number for state, number in states.items() if state in SENT)
    held, rejected = states[JobState.HELD], states[JobState.REJECTED]
    duplicates = max(0, texts - len(group))
    unexpected = 0 if is_refused else rejected
    unclaimed = max(0, texts - duplicates - sent - held)
    return Counter(
        duplicates=duplicates,
        wrong_settlements=max(0, sent - texts) + unclaimed + unexpected,
        lost=sum(job.state is JobState.EXPIRED and not may_expire(job) for job in group),
        unsettled=sum(job.state not in FINAL and job.state is not JobState.HELD for job in group),
        held=held,
        expired=states[JobState.EXPIRED],
    )
