"""Comparison mode: what would have been loaded is kept, and can never become sendable."""

from __future__ import annotations

from typing import Any

from booking_sms.domain.sms_job import SmsJob, recipient_digest
from booking_sms.domain.window import Window
from booking_sms.pipeline.job_batch import JobBatch
from booking_sms.pipeline.load import LoadSummary
from booking_sms.ports import (
    PlanRepository,
)


def store_comparison(
    batch: JobBatch, window: Window, plans: PlanRepository, hmac_key: bytes = b""
) -> LoadSummary:
    """Comparison mode: keep what would have been loaded; it can never become sendable.

    Also what a rule at rollout stage shadow decided: the predecessor knew no stages. Phones are
    kept as digests under ``hmac_key``.
    """
    jobs = [job for job, _ in batch.jobs if job.is_text]
    items = [_item(job, hmac_key) for job in jobs]
    items += [{**_item(job, hmac_key), "stage": "shadow"} for job in batch.shadowed]
    plans.put(
        comparison_id(window),
        {
            "window": window.name,
            "hash": batch.plan_hash,
            "catalog": batch.catalog,
            "items": items,
            **batch.counts(),
        },
    )
    return LoadSummary(planned=len(jobs))


def comparison_id(window: Window) -> str:
    """Where a window's comparison plan is kept."""
    return f"comparison#{window.name}"


def phone_digest(hmac_key: bytes, phone: str) -> str:
    """A phone as reports may hold it, whatever its hyphens."""
    return recipient_digest(hmac_key, phone.replace("-", ""))


def _item(job: SmsJob, hmac_key: bytes) -> dict[str, Any]:
    return {
        "booking_num": job.booking_num,
        "sort_key": job.sort_key,
        "kind": job.kind,
        "flag": job.ledger.flag,
        "state": job.state.value,
        "reason": job.reason,
        "body_sha": job.body_sha,
        "phone": phone_digest(hmac_key, job.ledger.phone),
        "to": phone_digest(hmac_key, job.to),
        "booking_time": job.ledger.booking_time,
    }
