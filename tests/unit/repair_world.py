"""Repairs over in-memory ports: a chain whose scheduler was down, and a person who decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from workflow_world import InMemoryApplication

from booking_sms import workflow
from booking_sms.domain.booking import Booking
from booking_sms.domain.sms_job import SmsJob
from booking_sms.domain.window import Window
from booking_sms.pipeline.operator import Person
from booking_sms.pipeline.repair_execution import ExecutionReport
from booking_sms.pipeline.repair_plan import RepairPlan, RepairRequest
from booking_sms.testing import NOW, make_booking

MISSED = NOW - timedelta(hours=1)
"""The window that nobody decided: an hour ago."""
OWNER = Person(by="owner", reason="scheduler was down")


def visit(number: int = 1, **overrides: Any) -> Booking:
    """A booking that was new in the missed window and starts in 45 minutes."""
    return make_booking(**{
        "booking_id": f"70000000{number:02}",
        "phone": f"0100000{number:04}",
        "starts_in": timedelta(minutes=45),
        **overrides,
    })


def shop(*bookings: Booking, **settings: Any) -> InMemoryApplication:
    """A live chain with these bookings at Naver now."""
    app = InMemoryApplication(**settings)
    for booking in bookings or (visit(),):
        app.source.put(booking)
    return app


def windows(first: datetime = MISSED, last: datetime | None = None) -> tuple[datetime, ...]:
    """Ends of the windows of a range."""
    found, step = [first], timedelta(minutes=20)
    while found[-1] < (last or first):
        found.append(found[-1] + step)
    return tuple(found)


def preview(
    app: InMemoryApplication, ends: Sequence[datetime] | None = None, **request: Any
) -> RepairPlan:
    """A preview of the missed window, or of what is asked."""
    asked = windows() if ends is None else tuple(ends)
    return workflow.preview_effects(app, RepairRequest(windows=asked, **request), "owner")


def approved(app: InMemoryApplication, plan: RepairPlan | None = None) -> RepairPlan:
    """The plan, allowed by the owner."""
    found = plan or preview(app)
    return workflow.approve_plan(app, found.plan_id, found.plan_hash, OWNER)


def execute(
    app: InMemoryApplication, plan: RepairPlan, *, dry_run: bool = False
) -> ExecutionReport:
    """Carry a plan out."""
    return workflow.execute_plan(app, plan.plan_id, plan.plan_hash, dry_run=dry_run)


def native_backfill(app: InMemoryApplication, as_of: datetime = MISSED) -> dict[str, Any]:
    """What Airflow's own backfill of a window does: decide and load, dispatch nothing."""
    window = Window(as_of)
    extracts, _ = workflow.extract_stores(app, window, app.store_ids())
    planned = workflow.plan_jobs(app, window, extracts)
    loaded = workflow.load_jobs(app, window, planned["plan_key"])
    report, _ = workflow.window_report(app, window, extracts, loaded)
    return {"planned": planned, "loaded": loaded, "accounting": report["accounting"]}


def send(app: InMemoryApplication) -> dict[str, int]:
    """Drain what is due now."""
    return dict(workflow.claim_and_send(app, range(16))["counts"])


def change(app: InMemoryApplication, number: int = 1, **changes: Any) -> None:
    """Naver shows the booking otherwise from now on."""
    wanted = f"70000000{number:02}"
    (booking,) = [one for one in app.source.bookings if one.booking_id == wanted]
    app.source.put(replace(booking, **changes))


def outcomes(plan: RepairPlan) -> dict[str, int]:
    """How many items of each outcome, with reasons."""
    return counted((item.outcome.value, item.reason) for item in plan.items)


def results(report: ExecutionReport) -> dict[str, int]:
    """The same of what was done."""
    return counted((one.outcome.value, one.reason) for one in report.results)


def counted(pairs: Any) -> dict[str, int]:
    """Count ``outcome: reason``."""
    found: dict[str, int] = {}
    for outcome, reason in pairs:
        name = f"{outcome}: {reason}" if reason else outcome
        found[name] = found.get(name, 0) + 1
    return found


def states(app: InMemoryApplication) -> dict[str, int]:
    """Jobs of the outbox by state and reason."""
    return counted((job.state.value, job.reason) for job in app.jobs.jobs)


def jobs_of(app: InMemoryApplication, kind: str) -> list[SmsJob]:
    """Stored jobs of a kind."""
    return [job for job in app.jobs.jobs if job.kind == kind]
