"""Watches the caps: reads where they stand, and tells people before and when texts are held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial

from booking_sms.domain.booking import KST
from booking_sms.domain.message import MessageClass
from booking_sms.domain.sms_job import CLAIMABLE, JobState, SmsJob
from booking_sms.domain.text_caps import TextCaps
from booking_sms.domain.text_counts import TextCounts, month_of
from booking_sms.pipeline.cap_forecast import (
    CapLevel,
    CapName,
    CapStanding,
    cap_standings,
)
from booking_sms.pipeline.last_look import is_advertising
from booking_sms.pipeline.once_a_day import tell_once_a_day
from booking_sms.pipeline.open_jobs import open_jobs_by_shard
from booking_sms.pipeline.services import DispatchServices
from booking_sms.ports import ControlRepository

CAP_ALERT = "cap_alert"
STOPPING = {
    "held:daily_cap": CapName.DAY,
    "held:monthly_cap": CapName.MONTH,
    "deferred:daily_cap": CapName.DAY_ADVERTISING,
    "suppressed:daily_cap": CapName.DAY_ADVERTISING,
    "deferred:monthly_cap": CapName.MONTH_ADVERTISING,
    "suppressed:monthly_cap": CapName.MONTH_ADVERTISING,
}
"""What a dispatch run counts when a cap keeps a text back, and which cap it was."""
HOLDS = "door codes and other information texts are HELD"
WHAT_HAPPENS = {
    CapName.DAY: HOLDS,
    CapName.DAY_ADVERTISING: "advertising waits for the next day",
    CapName.MONTH: HOLDS,
    CapName.MONTH_ADVERTISING: "advertising waits for the next month",
}


def read_cap_standings(services: DispatchServices, caps: TextCaps) -> tuple[CapStanding, ...]:
    """Every cap as it stands now. Raises LoadError.

    Reads two counters and the open jobs; no scan.
    """
    now = services.clock.now()
    return cap_standings(_recent_counts(services.control, now), _planned(services, now), caps, now)


def _recent_counts(control: ControlRepository, now: datetime) -> TextCounts:
    today = now.astimezone(KST).date()
    month_before = month_of(today) - timedelta(days=1)
    return control.texts_of_month(month_before).merged(control.texts_of_month(today))


def _planned(services: DispatchServices, now: datetime) -> Counter[str]:
    """Open texts that dispatch may send today, by message class."""
    tomorrow = now.astimezone(KST).date() + timedelta(days=1)
    return Counter(
        MessageClass.ADVERTISING if is_advertising(job) else MessageClass.INFORMATION
        for jobs in open_jobs_by_shard(services)
        for job in jobs
        if _is_waiting(job) and job.not_before.astimezone(KST).date() < tomorrow
    )


def _is_waiting(job: SmsJob) -> bool:
    return job.is_text and (job.state in CLAIMABLE or job.state is JobState.SCHEDULED)


def stopping_caps(counts: Mapping[str, int]) -> frozenset[CapName]:
    """The caps that kept texts back, by the counts of a dispatch run."""
    return frozenset(name for reason, name in STOPPING.items() if counts.get(reason))


def alert_on_caps(
    standings: Iterable[CapStanding],
    stopping: Collection[CapName],
    control: ControlRepository,
    now: datetime,
    *,
    alert: Callable[[str], bool],
    page: Callable[[str], bool],
) -> int:
    """Tell of each cap and level once a Korean day; how many were told now.

    ``stopping`` are the caps that kept texts back in the run that just ended. One that holds
    information texts pages, one that is near alerts. Advertising alerts only where texts were
    kept back: it is meant to stop first.
    """
    told = 0
    for standing in standings:
        seen = standing.marked_over() if standing.name in stopping else standing
        if _is_worth_telling(seen, stopping):
            tell = partial(page if is_holding(seen) else alert, cap_line(seen))
            name = f"{CAP_ALERT}#{seen.name}#{seen.level}"
            told += tell_once_a_day(control, name, now, tell)
    return told


def _is_worth_telling(standing: CapStanding, stopping: Collection[CapName]) -> bool:
    if WHAT_HAPPENS[standing.name] != HOLDS:
        return standing.name in stopping
    return standing.level is not CapLevel.OK


def is_holding(standing: CapStanding) -> bool:
    """Whether information texts are held by this cap now."""
    return standing.level is CapLevel.OVER and WHAT_HAPPENS[standing.name] == HOLDS


def cap_line(standing: CapStanding) -> str:
    """One line for people: the figures, and what that means."""
    limit = "" if standing.cap is None else f" of {standing.cap}"
    figures = f"cap {standing.name}: {standing.used}{limit} texts"
    if standing.level is CapLevel.OVER:
        return f"{figures}; {WHAT_HAPPENS[standing.name]}"
    at = standing.reached_at
    when = f", reached about {at.astimezone(KST):%m-%d %H:%M}" if at else ""
    return f"{figures}, forecast {standing.forecast}{when}"
