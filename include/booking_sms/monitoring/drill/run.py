"""Runs the scenarios and judges: calm first, then trouble, then the end of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from booking_sms.config.catalog_loader import load_catalog
from booking_sms.config.settings import INCLUDE, Settings
from booking_sms.domain.catalog import Catalog
from booking_sms.monitoring.drill.medium import Medium, RenamingSink
from booking_sms.monitoring.drill.world import Drill, DrillWorld
from booking_sms.monitoring.evaluator import AlarmState, states_between
from booking_sms.monitoring.template import Alarm, Template

AGO = timedelta(days=4)
"""How long before now a drill's time begins: CloudWatch takes what is at most two weeks old."""
NO_SCENARIO = "no scenario drives it"


@dataclass(frozen=True, kw_only=True)
class AlarmDrill:
    """What became of one alarm. ``after_s`` is from the trouble's begin to the alarm."""

    alarm: str
    fired: bool = False
    cleared: bool = False
    data_points: int = 0
    after_s: float | None = None
    failure: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class DrillReport:
    """What became of all. Good only when every alarm fired and cleared."""

    medium: str
    drills: tuple[AlarmDrill, ...] = field(default=())

    @property
    def is_good(self) -> bool:
        """Whether there were alarms, and each fired and cleared."""
        return bool(self.drills) and all(one.fired and one.cleared for one in self.drills)

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "medium": self.medium,
            "alarms": len(self.drills),
            "fired": sum(one.fired for one in self.drills),
            "cleared": sum(one.cleared for one in self.drills),
            "failures": [
                {"alarm": one.alarm, "failure": one.failure} for one in self.drills if one.failure
            ],
            "drills": [one.as_dict() for one in self.drills],
        }


def run_drills(
    template: Template,
    scenarios: Mapping[str, Drill],
    medium: Medium,
    *,
    now: datetime,
    renamed: Mapping[str, str] | None = None,
    entries: Collection[str] = (),
) -> Iterator[AlarmDrill]:
    """Drill every alarm of the template, or these, each in namespaces and a world of its own.

    ``now`` is real time: it makes the namespaces new, and the drills' time lies before it.
    """
    mark = now.strftime("%Y%m%dT%H%M%S")
    for alarm in template.alarms:
        if entries and alarm.entry not in entries:
            continue
        scenario = scenarios.get(alarm.entry)
        if scenario is None:
            yield AlarmDrill(alarm=alarm.entry, failure=NO_SCENARIO)
            continue
        name = f"drill/{mark}/{alarm.entry}"
        moved = template.with_parameters(
            OperationsNamespace=name, ComparisonNamespace=f"{name}/comparison"
        )
        (own,) = [one for one in moved.alarms if one.logical_id == alarm.logical_id]
        yield _drill(own, scenario, _world(name, medium, now, renamed or {}), medium)


@cache
def _catalog() -> Catalog:
    """The shipped files, read once for all drills."""
    return load_catalog(INCLUDE, Settings().rule_set)


def _world(name: str, medium: Medium, now: datetime, renamed: Mapping[str, str]) -> DrillWorld:
    begin = (now - AGO).replace(minute=0, second=0, microsecond=0)
    return DrillWorld(
        catalog=_catalog(),
        operations=RenamingSink(medium.sink(name), renamed),
        comparison=RenamingSink(medium.sink(f"{name}/comparison"), renamed),
        begin=begin,
    )


def _drill(alarm: Alarm, drill: Drill, world: DrillWorld, medium: Medium) -> AlarmDrill:
    begin = world.now
    drill.clear(world)
    calm = world.now
    drill.fire(world)
    trouble = world.now
    drill.clear(world)
    measured = medium.series(alarm.source, begin, world.now)
    states = dict(states_between(alarm.rule, measured, begin, world.now))
    alarmed = (at for at, state in states.items() if at > calm and state is AlarmState.ALARM)
    first = next(alarmed, None)
    ends = [states[at] for at in (calm, trouble, world.now)]
    return AlarmDrill(
        alarm=alarm.entry,
        fired=ends[0] is not AlarmState.ALARM and ends[1] is AlarmState.ALARM,
        cleared=ends[2] is AlarmState.OK,
        data_points=len(measured),
        after_s=(first - calm).total_seconds() if first else None,
        failure=_failure(*ends),
    )


def _failure(calm: AlarmState, trouble: AlarmState, end: AlarmState) -> str:
    if calm is not AlarmState.OK:
        return f"{calm} while all was well"
    if trouble is not AlarmState.ALARM:
        return f"{trouble} while it should have fired"
    return "" if end is AlarmState.OK else f"{end} after the trouble was over"
