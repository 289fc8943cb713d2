"""From bookings to phones in memory: plan a window, load it, dispatch it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from outbox_world import World
from rule_world import INCLUDE, shop_secrets

from booking_sms.config.catalog_loader import load_catalog
from booking_sms.domain.booking import Booking
from booking_sms.domain.catalog import Catalog
from booking_sms.domain.ledger import LedgerRow, project_ledger
from booking_sms.domain.sms_job import SmsJob
from booking_sms.domain.window import Window
from booking_sms.pipeline.build import build_jobs
from booking_sms.pipeline.job_batch import JobBatch
from booking_sms.pipeline.load import load_jobs
from booking_sms.pipeline.plan import everywhere, plan_window

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LEGACY, RECOMMENDED = (load_catalog(INCLUDE, name) for name in ("legacy", "recommended"))


class PlannedWorld(World):
    """An outbox with a planner in front of it, at full rollout."""

    def __init__(self, catalog: Catalog = LEGACY) -> None:
        super().__init__()
        self.catalog = catalog
        self.secrets = shop_secrets()

    def plan(
        self, *bookings: Booking, rows: Iterable[LedgerRow] = (), as_of: datetime | None = None
    ) -> JobBatch:
        """Decide and render as the main job does, on what the ledger and the outbox know."""
        rules = self.catalog.rules
        window = Window(as_of or self.clock.now())
        ledger = project_ledger(rows, self.jobs.jobs)
        plan = plan_window(bookings, ledger, rules, self.catalog.stores, window, everywhere(rules))
        now = self.clock.now()
        return build_jobs(
            plan, self.catalog, self.secrets, hmac_key=b"test", code_version="1", now=now
        )

    def load(self, *bookings: Booking, **when: Any) -> tuple[SmsJob, ...]:
        """Plan and load; return the batch's jobs as they are stored."""
        batch = self.plan(*bookings, **when)
        load_jobs(batch, self.jobs, self.bodies)
        return tuple(self.stored(job) for job, _ in batch.jobs)

    def run(self, *bookings: Booking, **when: Any) -> list[str]:
        """One window from plan to phones; return the kinds that were decided."""
        jobs = self.load(*bookings, **when)
        self.dispatch()
        return [job.kind for job in jobs]

    def got(self, phone: str) -> int:
        """How many texts a phone has received."""
        return sum(text.to == phone for text in self.texts)
