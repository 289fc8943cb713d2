"""Windows over bookings that change: the main job's own steps, everything in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from workflow_world import InMemoryApplication

from booking_sms import workflow
from booking_sms.domain.booking import Booking
from booking_sms.domain.booking_document import booking_version
from booking_sms.domain.sms_job import OPEN_SHARDS, SmsJob
from booking_sms.domain.window import WINDOW_LENGTH, Window
from booking_sms.testing import make_booking

STORE = "900101"


class ChangingWorld:
    """One store whose bookings change. ``now`` is the end of the window that comes next."""

    def __init__(self, rule_set: str = "recommended") -> None:
        self.app = InMemoryApplication(rule_set=rule_set)

    @property
    def now(self) -> datetime:
        return self.app.clock.now()

    def put(self, **facts: Any) -> Booking:
        """Naver shows this booking from now on, with the version of its facts."""
        booking = make_booking(**facts)
        booking = replace(booking, version=booking_version(booking))
        self.app.source.put(booking)
        return booking

    def plan(self, as_of: datetime | None = None) -> tuple[Window, list[Any], dict[str, Any]]:
        window = Window(as_of or self.now)
        extracts = [workflow.extract_store(self.app, window, STORE)]
        return window, extracts, workflow.plan_jobs(self.app, window, extracts)

    def window(self, as_of: datetime | None = None) -> dict[str, Any]:
        """One whole run; returns what load_jobs left, and the accounting identity."""
        window, extracts, planned = self.plan(as_of)
        loaded = workflow.load_jobs(self.app, window, planned["plan_key"])
        report, _ = workflow.window_report(self.app, window, extracts, loaded)
        return {**loaded, "accounting": report["accounting"]}

    def pass_time(self, step: timedelta = WINDOW_LENGTH) -> None:
        self.app.clock.advance(step)
        self.app.transport_clock.advance(step)

    def send(self) -> None:
        """Let what is due go out."""
        workflow.claim_and_send(self.app, range(OPEN_SHARDS))

    def job(self, kind: str, **facts: Any) -> SmsJob:
        """The one job of this kind with these facts."""
        (found,) = [
            job
            for job in self.app.jobs.jobs
            if job.kind == kind and all(getattr(job, name) == facts[name] for name in facts)
        ]
        return found

    def texts(self) -> list[str]:
        """Contents of what customers got."""
        return [row.content for row in self.app.gateway.accepted]
