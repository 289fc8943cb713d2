"""Tells the team which texts keep messages back: one alert a text and day, however many jobs.

A held job waits silently otherwise, and a broken text holds one in every window. A new version of
the text may be wrong in its own way, so it is told of anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby

from booking_sms.domain.errors import (
    BookingSmsError,
    MessageTextMissing,
    SecretMissing,
    TextNotEncodable,
    TextNotLawful,
    TextTooLong,
    TextUnresolved,
)
from booking_sms.domain.sms_job import JobState, SmsJob
from booking_sms.domain.template import MessageCatalog
from booking_sms.pipeline.job_batch import JobBatch
from booking_sms.pipeline.once_a_day import tell_once_a_day
from booking_sms.ports import ControlRepository

_ERRORS: tuple[type[BookingSmsError], ...] = (
    MessageTextMissing,
    SecretMissing,
    TextNotEncodable,
    TextNotLawful,
    TextTooLong,
    TextUnresolved,
)
TEXT_ERRORS = frozenset(error.__name__ for error in _ERRORS)
"""First words of the reasons that lie in a text; an odd phone is one customer's matter."""

OUTSIDE_EUC_KR = "OutsideEucKr"
NOTE = "text_alert"


@dataclass(frozen=True)
class TextProblem:
    """One kind of trouble with one text, in one batch."""

    template: str
    code: str
    line: str


def alert_on_texts(
    batch: JobBatch,
    messages: MessageCatalog,
    control: ControlRepository,
    now: datetime,
    alert: Callable[[str], bool],
) -> int:
    """Alert of each text's trouble once a Korean day; how many alerts were delivered."""
    told = 0
    for problem in text_problems_of(batch):
        name = f"{NOTE}#{problem.template}#{_digest(messages, problem)}#{problem.code}"
        line = f"{problem.line} (window {batch.window})"
        told += tell_once_a_day(control, name, now, partial(alert, line))
    return told


def text_problems_of(batch: JobBatch) -> Iterator[TextProblem]:
    """What is wrong with texts in a batch: ids and codes only, never what a text says."""
    found = sorted(_troubles(job for job, _ in batch.jobs))
    for (template, code), group in groupby(found, key=lambda trouble: trouble[:2]):
        reasons, stores = zip(*((reason, store) for _, _, reason, store in group), strict=True)
        where = ", ".join(sorted(set(filter(None, stores)))) or "all"
        is_held = code in TEXT_ERRORS
        what = "held" if is_held else "may be refused by SENS"
        line = f"text {template}: {len(reasons)} messages {what}: {reasons[0]}; stores: {where}"
        yield TextProblem(template, code, line)


def _troubles(jobs: Iterable[SmsJob]) -> Iterator[tuple[str, str, str, str]]:
    """(template, code, reason, store) of each job that its text keeps back or endangers."""
    for job in jobs:
        code = job.reason.partition(" ")[0]
        if job.state is JobState.HELD and code in TEXT_ERRORS:
            yield job.template, code, job.reason, job.store_id
        elif job.outside_euc_kr:
            reason = f"{job.outside_euc_kr} outside EUC-KR"
            yield job.template, OUTSIDE_EUC_KR, reason, job.store_id


def _digest(messages: MessageCatalog, problem: TextProblem) -> str:
    template = messages.templates.get(problem.template)
    return template.digest if template else ""
