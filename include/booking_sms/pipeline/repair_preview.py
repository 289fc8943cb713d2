"""What a repair would do, window by window, oldest first; nothing is written but the plan.

A fold: every window is decided on the outbox as it is, overlaid with what the windows before it
would have made. What Airflow's own backfill left held for approval is part of the same plan.
"""

from __future__ import annotations

import secrets as tokens
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from booking_sms.domain.booking import Booking
from booking_sms.domain.decision import WindowPlan
from booking_sms.domain.errors import ActionRefused, WindowRefused
from booking_sms.domain.ledger import Ledger
from booking_sms.domain.message import sens_bytes
from booking_sms.domain.rule import Rule, Scope
from booking_sms.domain.sms_job import OPEN_SHARDS, JobState, SmsJob
from booking_sms.domain.window import WINDOW_LENGTH, StoreCoverage, Window
from booking_sms.pipeline.build import build_batch
from booking_sms.pipeline.gather import gather_digests, gather_ledger
from booking_sms.pipeline.job_batch import AWAITING_APPROVAL
from booking_sms.pipeline.plan import WindowPlanner, plan_stores
from booking_sms.pipeline.repair_facts import UNKNOWN_THEN, PastReader, PastStore
from booking_sms.pipeline.repair_plan import (
    Action,
    Outcome,
    RepairItem,
    RepairPlan,
    RepairRequest,
    UndecidedBooking,
    caps_exceeded,
    hash_of_items,
    store_plan,
)
from booking_sms.pipeline.repair_services import RepairServices
from booking_sms.pipeline.repair_verdict import Judge, Verdict
from booking_sms.ports import SmsJobRepository

MOST_WINDOWS = 7 * 24 * 3
"""A week: as long as snapshots are kept."""
_EVER = timedelta(days=400)
_NO_JOB = frozenset({Outcome.NOT_SENT, Outcome.CANCELLED})


def windows_between(first: datetime, last: datetime, now: datetime) -> tuple[datetime, ...]:
    """Ends of the windows from ``first`` to ``last``, both included and on the grid.

    Raises WindowRefused for a reversed or endless range, or one that has not ended.
    """
    if last < first:
        raise WindowRefused("the range is reversed", since=_name(first), until=_name(last))
    if last > now:
        raise WindowRefused("the range has not ended yet", until=_name(last))
    number = int((last - first) / WINDOW_LENGTH) + 1
    if number > MOST_WINDOWS:
        raise WindowRefused("the range is longer than a week", windows=number)
    return tuple(first + step * WINDOW_LENGTH for step in range(number))


def preview_repair(services: RepairServices, request: RepairRequest, by: str) -> RepairPlan:
    """Work the plan out and store it under a new id.

    Raises ActionRefused for a request that asks for nothing, or for a kind that no rule has,
    UnknownStore, and LoadError when a table fails.
    """
    _refuse_senseless(services, request)
    now = services.clock.now()
    preview = _Preview(services, request, now)
    for as_of in request.windows:
        preview.decide(Window(as_of))
    preview.look_at_held()
    plan = preview.plan(by)
    store_plan(services.plans, services.sealer, plan)
    return plan


def _refuse_senseless(services: RepairServices, request: RepairRequest) -> None:
    if not request.windows and not request.held:
        raise ActionRefused("name a range of windows, or ask for what is held")
    for store_id in request.stores:
        services.catalog.stores.get(store_id)
    known = sorted({rule.kind for rule in services.catalog.rules.rules})
    unknown = sorted(set(request.kinds) - set(known))
    if unknown:
        raise ActionRefused("no rule makes this kind", kinds=" ".join(unknown), known=known)


class _Promised:
    """The outbox as it would be after the windows that were decided so far."""

    def __init__(self, jobs: SmsJobRepository) -> None:
        self._jobs = jobs
        self._added: defaultdict[str, list[SmsJob]] = defaultdict(list)

    def of_booking(self, booking_num: str) -> tuple[SmsJob, ...]:
        """Stored jobs, then those that this repair would make."""
        return (*self._jobs.of_booking(booking_num), *self._added.get(booking_num, ()))

    def add(self, job: SmsJob) -> None:
        """Count a job as made."""
        self._added[job.booking_num].append(job)


class _Preview:
    """The working state of one preview."""

    def __init__(self, services: RepairServices, request: RepairRequest, now: datetime) -> None:
        self._services = services
        self._request = request
        self._now = now
        self._judge = Judge(services, now)
        self._reader = PastReader(services.source, services.stage)
        self._promised = _Promised(services.jobs)
        self._items: list[RepairItem] = []
        self._undecided: list[UndecidedBooking] = []
        self._not_matched: Counter[str] = Counter()
        self._coverage: list[StoreCoverage] = []

    # -- decided windows ----------------------------------------------------------------------

    def decide(self, window: Window) -> None:
        """Decide one window for every store that was asked for."""
        services = self._services
        catalog = services.catalog
        planner = WindowPlanner(catalog.rules, catalog.stores, window, services.rollout)
        digests = gather_digests(self._promised, catalog.rules)
        batch = build_batch(
            map(self._noted, plan_stores(planner, self._chunks(window), digests)),
            window,
            catalog,
            services.secrets,
            hmac_key=services.hmac_key,
            code_version=services.code_version,
            now=self._now,
            day_totals=partial(services.day_totals, window.as_of),
            hold_old=False,
        )
        self._not_matched.update(batch.not_matched)
        self._not_matched.update({"shadow": batch.outcomes.get("shadow", 0)})
        for job, text in batch.jobs:
            if self._is_wanted(job):
                self._take(job, text)

    def _chunks(self, window: Window) -> Iterator[tuple[tuple[Booking, ...], Ledger]]:
        for store_id in self._request.stores or self._services.catalog.stores.stores:
            store = self._reader.read(window, store_id)
            if store is not None:
                self._note_store(store)
                known = gather_ledger(self._services.ledger, self._promised, store.bookings)
                yield store.bookings, known

    def _note_store(self, store: PastStore) -> None:
        self._coverage.append(store.coverage())
        self._undecided += [
            UndecidedBooking(
                window=store.window.name, booking_num=one.booking_num, reason=UNKNOWN_THEN
            )
            for one in store.unknown_then
        ]

    def _noted(self, plan: WindowPlan) -> WindowPlan:
        self._undecided += [
            UndecidedBooking(
                window=plan.window.name, booking_num=one.booking.booking_num, reason=one.reason
            )
            for one in plan.failures
        ]
        return plan

    def _take(self, job: SmsJob, text: str) -> None:
        """An item of the plan; what leaves no job behind does not count for later windows."""
        verdict = self._judge.judge_decided(job, text)
        self._items.append(self._item(Action.SEND, verdict.job, verdict))
        if verdict.outcome not in _NO_JOB and verdict.stored is None:
            self._promised.add(verdict.job)

    # -- held jobs ----------------------------------------------------------------------------

    def look_at_held(self) -> None:
        """Jobs that wait for approval, from the windows asked for or, if asked, from any.

        Reads every open job through the index. It is a hint: a job that the index lost is
        found again after the next daily audit, which re-indexes it.
        """
        for shard in range(OPEN_SHARDS):
            for job in self._services.jobs.open_jobs(shard, self._now + _EVER):
                if self._waits(job) and self._is_wanted(job):
                    self._release(job)

    def _waits(self, job: SmsJob) -> bool:
        if job.state is not JobState.HELD or job.reason != AWAITING_APPROVAL:
            return False
        return self._request.held or datetime.fromisoformat(job.window) in self._request.windows

    def _release(self, job: SmsJob) -> None:
        rule = self._judge.rule_of(job)
        verdict = self._judge.judge(Action.RELEASE, job, self._text_of(job), _digest(rule))
        self._items.append(self._item(Action.RELEASE, job, verdict))

    def _text_of(self, job: SmsJob) -> str:
        """The stored text of a notice, which cannot be made anew."""
        if job.is_text or not job.body_sha:
            return ""
        return self._services.bodies.get_many([job.body_sha]).get(job.body_sha, "")

    # -- the plan -----------------------------------------------------------------------------

    def _is_wanted(self, job: SmsJob) -> bool:
        """By kind and store; a digest speaks for all stores, so it is not told of some."""
        request = self._request
        if request.kinds and job.kind not in request.kinds:
            return False
        if not request.stores:
            return True
        rule = self._judge.rule_of(job)
        is_digest = rule is not None and rule.scope is Scope.RUN
        return not is_digest and job.store_id in request.stores

    def _item(self, action: Action, job: SmsJob, verdict: Verdict) -> RepairItem:
        is_text = job.is_text and bool(verdict.text)
        prices = self._services.prices
        goes_later = verdict.outcome is Outcome.WOULD_DEFER
        item = RepairItem(
            action=action,
            job=job,
            text=verdict.text if action is Action.SEND else "",
            shown=verdict.shown,
            bytes_used=sens_bytes(verdict.text) if is_text else None,
            rule_digest=_digest(self._judge.rule_of(job)),
            outcome=verdict.outcome,
            reason=verdict.reason,
            deferred_to=verdict.job.not_before if goes_later else None,
        )
        return replace(item, estimated_krw=prices.of(job.message_type)) if is_text else item

    def plan(self, by: str) -> RepairPlan:
        """Everything that was found, hashed."""
        services, items = self._services, tuple(self._items)
        windows = [datetime.fromisoformat(item.job.window) for item in items if item.leaves]
        oldest = min(windows, default=None)
        return RepairPlan(
            plan_id=tokens.token_hex(4),
            created_at=self._now,
            by=by,
            request=self._request,
            caps=services.caps,
            code_version=services.code_version,
            rule_set=services.catalog.digest,
            plan_hash=hash_of_items(items),
            over_caps=caps_exceeded(items, oldest, services.caps, self._now),
            items=items,
            undecided=tuple(self._undecided),
            not_matched=dict(+self._not_matched),
            coverage=tuple(self._coverage),
            failed_stores=dict(self._reader.failed),
        )


def _digest(rule: Rule | None) -> str:
    return rule.digest if rule is not None else ""


def _name(instant: datetime) -> str:
    return instant.isoformat(timespec="minutes")
