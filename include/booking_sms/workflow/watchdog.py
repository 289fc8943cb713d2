"""The watchdog: one process outside Airflow that looks at all that Airflow cannot tell of itself.

Each part of a round stands alone: one that fails is trouble of its own and stops no other. What a
round sees is published as numbers and told to people once, with how it was noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from booking_sms.bootstrap import Application
from booking_sms.domain.airflow_view import KilledTask
from booking_sms.domain.booking import KST
from booking_sms.domain.errors import BookingSmsError, ConnectionMissing
from booking_sms.domain.metric import Metric, Publication
from booking_sms.domain.metric_catalogue import data_point
from booking_sms.pipeline import watch
from booking_sms.pipeline.outbox_age import OutboxAge, measure_outbox
from booking_sms.pipeline.troubles import Remembered, Trouble, TroubleBook
from booking_sms.ports import AirflowView
from booking_sms.telemetry.publishing import publish
from booking_sms.telemetry.run_metrics import cost_points, run_points
from booking_sms.workflow.watching import guard_visits, watch_windows

NOTE, RUNS_NOTE = "watchdog", "watchdog_runs"
TITLES = ("감시: 조치가 필요합니다", "감시: 해결됐습니다")
LATE, OLD_DOUBT = timedelta(minutes=15), timedelta(minutes=60)
"""From when a due text and a doubt are trouble: three ticks of dispatch, six of reconcile."""
KILLED_LOOK = timedelta(hours=1)
FIRST_LOOK, SETTLES = timedelta(minutes=10), timedelta(seconds=5)
"""How far back the first round counts runs; and how long a run's end may take to be seen."""
LONGEST_LOOK = timedelta(hours=24)
WINDOWS, VISITS, OUTBOX, HEALTH, PAUSED, KILLED, RUNS = (
    "windows",
    "visits",
    "outbox",
    "airflow_health",
    "paused_dags",
    "killed_tasks",
    "runs",
)
log = structlog.get_logger(__name__)


@dataclass(kw_only=True)
class Seen:
    """What one part saw: facts to show, numbers to publish, troubles to tell."""

    facts: Any = None
    points: Callable[[datetime], Iterator[Metric]] = lambda at: iter(())
    troubles: list[Trouble] = field(default_factory=list)
    told_elsewhere: int = 0
    keep: Callable[[], None] = lambda: None
    """Called when the numbers have arrived: what is noted as told."""


@dataclass(kw_only=True)
class WatchdogReport:
    """One round. ``blind`` are parts that failed, with the error's name; ``open`` all troubles.

    ``told_elsewhere`` counts what its own part pages: windows, and visits at risk or out of sight.
    """

    at: str
    facts: dict[str, Any] = field(default_factory=dict)
    blind: dict[str, str] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)
    new: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    told_elsewhere: dict[str, int] = field(default_factory=dict)
    reached: bool = True
    published: int = 0

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is wrong, whoever tells of it."""
        return not self.open and not any(self.told_elsewhere.values())

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


class Watchdog:
    """One look at everything. ``airflow`` None: no account was given, and that is trouble.

    ``memory`` is what was told, for a process that makes a watchdog a round.
    """

    def __init__(
        self, app: Application, airflow: AirflowView | None, memory: Remembered | None = None
    ) -> None:
        self._app = app
        self._view = airflow
        self._book = TroubleBook(
            name=NOTE,
            control=app.control,
            page=app.page,
            titles=TITLES,
            memory={} if memory is None else memory,
        )
        self._parts: dict[str, Callable[[], Seen]] = {
            WINDOWS: self._windows,
            VISITS: self._visits,
            OUTBOX: self._outbox,
            HEALTH: self._health,
            PAUSED: self._paused,
            KILLED: self._killed,
            RUNS: self._runs,
        }

    def round(self) -> WatchdogReport:
        """Look with every part, tell, publish. Raises nothing of ours."""
        now = self._app.clock.now().astimezone(KST)
        report = WatchdogReport(at=now.isoformat(timespec="seconds"))
        seen = {name: self._look(name, part, report) for name, part in self._parts.items()}
        troubles = [trouble for part in seen.values() for trouble in part.troubles]
        report.facts = {name: part.facts for name, part in seen.items()}
        report.open = {trouble.key: trouble.said for trouble in troubles}
        report.told_elsewhere = {name: part.told_elsewhere for name, part in seen.items()}
        told = self._book.tell(troubles, report.blind)
        report.new, report.over, report.reached = told.new, told.over, told.reached
        published = self._publish(list(seen.values()), len(report.blind))
        report.published = published.published
        has_arrived = published.published and not published.failed
        if has_arrived or self._app.operations_metrics is None:
            self._keep(seen)
        return report

    def _look(self, name: str, part: Callable[[], Seen], report: WatchdogReport) -> Seen:
        """One part; whatever ends it, the others look."""
        try:
            return part()
        except Exception as error:  # noqa: BLE001 - a part that breaks must not blind the others
            code = error.code if isinstance(error, BookingSmsError) else type(error).__name__
        log.error("watchdog_part_failed", part=name, error=code)
        report.blind[name] = code
        said = f"감시의 {name} 부분을 볼 수 없습니다: {code}"
        return Seen(troubles=[Trouble(key=f"blind#{name}", part="", said=said)])

    def _publish(self, parts: Sequence[Seen], blind: int) -> Publication:
        cost = self._app.meter.take()

        def points(at: datetime) -> Iterator[Metric]:
            yield data_point("WatchdogHeartbeat", 1, at)
            yield data_point("WatchdogBlind", blind, at)
            yield from cost_points(cost, at)
            for part in parts:
                yield from part.points(at)

        return publish(self._app, points)

    def _keep(self, seen: Mapping[str, Seen]) -> None:
        """What could not be noted is told once more: a number twice is better than none."""
        for name, part in seen.items():
            try:
                part.keep()
            except BookingSmsError as error:
                log.error("watchdog_part_failed", part=name, error=error.code)

    # -- the business -------------------------------------------------------------------------

    def _windows(self) -> Seen:
        found = watch_windows(self._app).findings

        def points(at: datetime) -> Iterator[Metric]:
            missed = sum(one.windows for one in found if one.code == watch.MISSED)
            yield data_point("WindowsMissed", missed, at)
            yield data_point("WindowsFailed", _count(found, watch.FAILED), at)
            yield data_point("SilentStores", _count(found, watch.SILENT, watch.OUTSIDE), at)

        return Seen(facts=[asdict(one) for one in found], points=points, told_elsewhere=len(found))

    def _visits(self) -> Seen:
        """The guard pages by itself; here it counts."""
        report = guard_visits(self._app)
        return Seen(
            facts={"visits": report.visits, "at_risk": report.at_risk, "blind": report.blind},
            points=lambda at: iter([data_point("VisitsAtRisk", report.at_risk, at)]),
            told_elsewhere=report.at_risk + len(report.blind),
        )

    def _outbox(self) -> Seen:
        age = measure_outbox(self._app.dispatch_services)

        def points(at: datetime) -> Iterator[Metric]:
            yield data_point("InDoubtJobs", age.in_doubt, at)
            yield data_point("InDoubtAge", age.oldest_doubt_s, at)
            yield data_point("BacklogJobs", age.due + age.not_live, at)
            yield data_point("BacklogAge", age.oldest_due_s, at)
            yield data_point("HeldJobs", age.held, at)

        return Seen(facts=age.as_dict(), points=points, troubles=list(self._old(age)))

    def _old(self, age: OutboxAge) -> Iterator[Trouble]:
        if age.oldest_due_s >= LATE.total_seconds():
            minutes = int(age.oldest_due_s // 60)
            said = f"보낼 문자 {age.due}건이 밀려 있습니다 (가장 오래된 것 {minutes}분)"
            yield Trouble(key="backlog", part=OUTBOX, said=said)
        if age.oldest_doubt_s >= OLD_DOUBT.total_seconds():
            minutes = int(age.oldest_doubt_s // 60)
            said = f"발송 여부를 모르는 문자 {age.in_doubt}건 (가장 오래된 것 {minutes}분)"
            yield Trouble(key="in_doubt", part=OUTBOX, said=said)

    # -- Airflow ------------------------------------------------------------------------------

    @property
    def _airflow(self) -> AirflowView:
        if self._view is None:
            raise ConnectionMissing("connection airflow_default is not defined")
        return self._view

    def _health(self) -> Seen:
        found = self._airflow.health()
        now = self._transport_now()
        ill = [one for one in found if not one.is_healthy]
        said = {}
        for one in ill:
            age = f", {int((now - one.seen_at).total_seconds())}초 전 신호" if one.seen_at else ""
            said[one.name] = f"Airflow {one.name}: 상태 화면이 {one.status}(이)라고 합니다{age}"

        def points(at: datetime) -> Iterator[Metric]:
            for one in found:
                yield data_point("AirflowUnhealthy", not one.is_healthy, at, Component=one.name)

        return Seen(
            facts={one.name: one.status for one in found},
            points=points,
            troubles=[
                Trouble(key=f"airflow#{name}", part=HEALTH, said=text)
                for name, text in said.items()
            ],
        )

    def _paused(self) -> Seen:
        """A DAG that Airflow does not even know runs as little as a paused one."""
        known = self._airflow.paused()
        wanted = self._app.settings.watched_dag_ids
        words = {True: "일시 중지", None: "없음"}
        stopped = {dag: words[state] for dag in wanted if (state := known.get(dag)) is not False}
        return Seen(
            facts=stopped,
            points=lambda at: iter([data_point("DagsPaused", len(stopped), at)]),
            troubles=[
                Trouble(
                    key=f"paused#{dag}",
                    part=PAUSED,
                    said=f"DAG {dag}이(가) 돌지 않습니다: Airflow의 DAG 목록에 {word}",
                )
                for dag, word in stopped.items()
            ],
        )

    def _killed(self) -> Seen:
        killed = self._airflow.killed_tasks(self._transport_now() - KILLED_LOOK)
        return Seen(
            facts=[asdict(task) for task in killed],
            points=lambda at: iter([data_point("TasksKilled", len(killed), at)]),
            troubles=[
                Trouble(key=f"killed#{task.key}", part=KILLED, said=_said(task), is_event=True)
                for task in killed
            ],
        )

    def _runs(self) -> Seen:
        """Runs that ended since the last round: also those that could not tell it themselves."""
        until = self._transport_now() - SETTLES
        note = self._app.control.get_note(RUNS_NOTE) or {}
        noted = note.get("until")
        since = datetime.fromisoformat(noted) if noted else until - FIRST_LOOK
        runs = self._airflow.ended_runs(max(since, until - LONGEST_LOOK), until)
        return Seen(
            facts={"since": since.isoformat(), "ended": len(runs)},
            points=lambda at: run_points(runs),
            keep=lambda: self._app.control.put_note(RUNS_NOTE, {"until": until.isoformat()}),
        )

    def _transport_now(self) -> datetime:
        return datetime.fromtimestamp(self._app.transport_clock.now_ms() / 1000, UTC)


def _count(findings: Sequence[watch.Finding], *codes: str) -> int:
    return sum(one.code in codes for one in findings)


def _said(task: KilledTask) -> str:
    place = f"{task.dag_id}.{task.task_id}[{task.map_index}] {task.run_id} #{task.try_number}"
    return f"작업이 강제로 끝났습니다: {place} ({task.state}; {task.how})"
