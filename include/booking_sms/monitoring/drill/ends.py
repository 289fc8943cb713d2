"""Texts that are lost, audits that do not add up, notices that nobody takes, the canary."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

from booking_sms import workflow
from booking_sms.domain.errors import AlertFailed
from booking_sms.domain.sms_job import JobState, Move
from booking_sms.monitoring.drill.rounds import job_in, jobs_of, let_go_by
from booking_sms.monitoring.drill.world import Drill, DrillWorld, repeated
from booking_sms.workflow.canary import publish_beat, raise_synthetic_alarm

TICK_MIN, DAY_MIN = 5, 24 * 60


def expire(world: DrillWorld) -> None:
    """What reconcile does with texts that are too late."""
    workflow.expire_overdue(world.app)


def lose_a_text(world: DrillWorld) -> None:
    """A text whose time ends unsent, and reconcile's next round."""
    job_in(JobState.AVAILABLE, not_after=world.now + timedelta(minutes=1))(world)
    world.wait(2)
    expire(world)
    world.wait(TICK_MIN)


def audit(world: DrillWorld) -> None:
    """The daily proof, of today."""
    workflow.audit_day(world.app, world.now.date())


def text_that_sens_does_not_know(world: DrillWorld) -> None:
    """Accepted by our books, absent from SENS's list; then the audit."""
    job_in(JobState.SENDING)(world)
    (job,) = jobs_of(world)
    world.app.jobs.move(job, Move.ACCEPT, request_id="drill-nobody-knows-it")
    world.wait(60)
    audit(world)
    world.wait(TICK_MIN)


def next_day(world: DrillWorld) -> None:
    """A day on which nothing was sent; then its audit."""
    world.wait(DAY_MIN)
    audit(world)
    world.wait(TICK_MIN)


def refused_notice(world: DrillWorld) -> None:
    """Slack refuses one notice."""
    with suppress(AlertFailed), world.app.tally.counting("slack"):
        raise AlertFailed(channel="slack", reason="drill")


def synthetic_alarm(world: DrillWorld) -> None:
    """What the canary does every day."""
    raise_synthetic_alarm(world.app)


def beat(world: DrillWorld) -> None:
    """The end of a canary's run that heard every part."""
    publish_beat(world.app, well=True)


def daily_beats(world: DrillWorld) -> None:
    """Two days on which the canary heard every part, and the next day's beat."""
    world.every(DAY_MIN, 2, beat)
    world.every(TICK_MIN, 1, beat)


SCENARIOS: Mapping[str, Drill] = {
    "sms-failures": Drill(fire=lose_a_text, clear=repeated(TICK_MIN, 4, expire)),
    "audit-open": Drill(fire=text_that_sens_does_not_know, clear=next_day),
    "notices-failed": Drill(
        fire=repeated(TICK_MIN, 1, refused_notice), clear=let_go_by(minutes=20)
    ),
    "canary-silent": Drill(fire=let_go_by(hours=27), clear=daily_beats),
    "canary-alarm": Drill(fire=repeated(TICK_MIN, 1, synthetic_alarm), clear=let_go_by(minutes=20)),
}
