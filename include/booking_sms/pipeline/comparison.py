"""Comparison mode: what would have been loaded is kept, and can never become sendable."""

from __future__ import annotations

from booking_sms.domain.window import Window
from booking_sms.pipeline.job_batch import JobBatch
from booking_sms.pipeline.load import LoadSummary
from booking_sms.ports import (
    PlanRepository,
)


def store_comparison(batch: JobBatch, window: Window, plans: PlanRepository) -> LoadSummary:
    """Comparison mode: keep what would have been loaded; it can never become sendable."""
    items = [
        {
            "booking_num": job.booking_num,
            "sort_key": job.sort_key,
            "flag": job.ledger.flag,
            "state": job.state.value,
            "reason": job.reason,
            "body_sha": job.body_sha,
        }
        for job, _ in batch.jobs
        if job.is_text
    ]
    plans.put(
        f"comparison#{window.name}",
        {"window": window.name, "hash": batch.plan_hash, "items": items, **batch.counts()},
    )
    return LoadSummary(planned=len(items))
