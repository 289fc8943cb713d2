"""What became of the messages that one day's windows planned so far: the daily summary's figures.

Read from the outbox, by the keys in the day's staged plans: exact, and without a scan. A window
that was planned twice counts once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from booking_sms.domain.ledger import FAILED
from booking_sms.domain.sms_job import SmsJob
from booking_sms.domain.store import StoreDirectory
from booking_sms.pipeline.accounting import group_of
from booking_sms.pipeline.plan_document import Seals, plan_keys, read_plan
from booking_sms.pipeline.report import JobKey, alias_of, read_jobs
from booking_sms.pipeline.summary import WORD_OF_KIND
from booking_sms.ports import PayloadStage, SmsJobRepository


def day_totals(
    as_of: datetime,
    stage: PayloadStage,
    sealer: Seals,
    jobs: SmsJobRepository,
    stores: StoreDirectory,
) -> dict[str, Any]:
    """Counts of the texts planned by the windows of ``as_of``'s Korean day, up to ``as_of``.

    ``planned`` is the sum of ``sent``, ``refused``, ``skipped``, ``superseded``, ``expired``,
    ``held`` and ``in_flight``; ``undelivered`` is the part of ``sent`` that the carriers gave
    up; ``kinds`` and ``stores`` count what was sent, by name. Never a person.
    """
    texts = read_jobs(jobs, sorted(planned_keys(as_of, stage, sealer)))
    groups = Counter(group_of(job.state.value) for job in texts)
    sent = [job for job in texts if group_of(job.state.value) == "sent"]
    return {
        **{name: groups[name] for name in GROUPS},
        "planned": len(texts),
        "undelivered": sum(job.state.value == "undelivered" for job in sent),
        "kinds": _count(WORD_OF_KIND.get(job.kind, job.kind) for job in sent),
        "stores": _count(alias_of(job.store_id, stores) for job in sent),
    }


GROUPS = ("sent", "refused", "skipped", "superseded", "expired", "held", "in_flight")


def rule_totals(
    as_of: datetime, stage: PayloadStage, sealer: Seals, jobs: SmsJobRepository
) -> dict[str, dict[str, int]]:
    """By rule, how many messages and notices planned on ``as_of``'s Korean day, up to then, went.

    ``sent`` were accepted and did not fail; ``failed`` were refused or not delivered.
    """
    totals: dict[str, Counter[str]] = {}
    keys = {(job.booking_num, job.sort_key) for job in _planned(as_of, stage, sealer)}
    for job in read_jobs(jobs, sorted(keys)):
        totals.setdefault(job.rule, Counter())[_became(job)] += 1
    return {name: dict(counts) for name, counts in totals.items()}


def _became(job: SmsJob) -> str:
    return "failed" if job.state in FAILED else group_of(job.state.value)


def planned_keys(as_of: datetime, stage: PayloadStage, sealer: Seals) -> set[JobKey]:
    """Keys of every text that the day's windows planned."""
    planned = _planned(as_of, stage, sealer)
    return {(job.booking_num, job.sort_key) for job in planned if job.is_text}


def _planned(as_of: datetime, stage: PayloadStage, sealer: Seals) -> Iterator[SmsJob]:
    for key in plan_keys(stage, as_of):
        yield from (job for job, _ in read_plan(stage, sealer, key).jobs)


def _count(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))
