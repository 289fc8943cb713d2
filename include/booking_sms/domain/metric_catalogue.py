"""Every metric that this system publishes: the one list that code, alarms and dashboards share.

A name that an alarm reads and nobody writes is a dead alarm. So publishers take their names from
here, and so do the template's checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from booking_sms.domain.metric import Metric, Unit

OPERATIONS, COMPARISON = "operations", "comparison"


@dataclass(frozen=True, kw_only=True)
class MetricSpec:
    """A name, its unit, the dimensions it always has, and what writes it how often.

    ``every_s`` is the longest pause between two data points while all is well, in seconds; None
    for what is published only when it happens.
    """

    name: str
    unit: Unit
    meaning: str
    dimensions: tuple[str, ...] = ()
    every_s: int | None = None
    block: str = OPERATIONS


WINDOW_S, WATCH_S = 1200, 300
DAG, STORE, KIND, PHASE, SERVICE, COMPONENT, CHANNEL = (
    "Dag",
    "Store",
    "Kind",
    "Phase",
    "Service",
    "Component",
    "Channel",
)

_OPERATIONS = (
    # Texts.
    MetricSpec(name="SMSSentTotal", unit="Count", meaning="Texts that SENS accepted.", every_s=300),
    MetricSpec(
        name="SMSFailedTotal",
        unit="Count",
        meaning="Texts refused, undelivered or expired: the customer has nothing.",
        every_s=300,
    ),
    MetricSpec(
        name="TextsSent",
        unit="Count",
        meaning="Accepted texts by store and kind; the hour is the data point's.",
        dimensions=(STORE, KIND),
    ),
    MetricSpec(name="TextsCost", unit="None", meaning="Price of accepted texts in KRW, VAT out."),
    # The outbox.
    MetricSpec(name="InDoubtJobs", unit="Count", meaning="Jobs in doubt.", every_s=WATCH_S),
    MetricSpec(
        name="InDoubtAge", unit="Seconds", meaning="Age of the oldest doubt.", every_s=WATCH_S
    ),
    MetricSpec(name="BacklogJobs", unit="Count", meaning="Jobs that are due.", every_s=WATCH_S),
    MetricSpec(
        name="BacklogAge",
        unit="Seconds",
        meaning="How long the oldest due job has been due, of stores that send.",
        every_s=WATCH_S,
    ),
    MetricSpec(
        name="HeldJobs", unit="Count", meaning="Jobs that wait for a person.", every_s=WATCH_S
    ),
    MetricSpec(name="WriteUnits", unit="Count", meaning="Write units that DynamoDB charged."),
    MetricSpec(name="Throttles", unit="Count", meaning="Calls that DynamoDB or SENS throttled."),
    # Windows and visits.
    MetricSpec(
        name="WindowsMissed",
        unit="Count",
        meaning="Windows of the last day that nobody decided, over all stores.",
        every_s=WATCH_S,
    ),
    MetricSpec(
        name="WindowsFailed",
        unit="Count",
        meaning="Stores whose newest windows failed.",
        every_s=WATCH_S,
    ),
    MetricSpec(
        name="SilentStores",
        unit="Count",
        meaning="Stores without a booking for too long, and days outside the band.",
        every_s=WATCH_S,
    ),
    MetricSpec(
        name="QuarantinedRows",
        unit="Count",
        meaning="Bookings that could not be read.",
        every_s=WINDOW_S,
    ),
    MetricSpec(
        name="UnaccountedBookings",
        unit="Count",
        meaning="Bookings of a window without exactly one outcome per rule.",
        every_s=WINDOW_S,
    ),
    MetricSpec(
        name="VisitsAtRisk",
        unit="Count",
        meaning="Visits within the hour whose guide has not arrived.",
        every_s=WATCH_S,
    ),
    # Login and secrets.
    MetricSpec(
        name="LoginFailureTotal",
        unit="Count",
        meaning="Logins that failed and may be tried again.",
        every_s=WINDOW_S,
    ),
    MetricSpec(
        name="SessionNeedsPerson",
        unit="Count",
        meaning="1 while the session waits for a person, else 0.",
        every_s=WINDOW_S,
    ),
    MetricSpec(
        name="SecretsErrorTotal",
        unit="Count",
        meaning="Secrets that could not be read.",
        every_s=WINDOW_S,
    ),
    # Runs.
    MetricSpec(
        name="RunCount", unit="Count", meaning="Runs that ended.", dimensions=(DAG,), every_s=300
    ),
    MetricSpec(
        name="RunErrors",
        unit="Count",
        meaning="1 for a run that ended badly, 0 for one that ended well.",
        dimensions=(DAG,),
        every_s=300,
    ),
    MetricSpec(
        name="RunDuration",
        unit="Milliseconds",
        meaning="From a run's start to its end.",
        dimensions=(DAG,),
        every_s=300,
    ),
    MetricSpec(
        name="DeadlineMissed",
        unit="Count",
        meaning="Runs that were late by their DAG's deadline.",
        dimensions=(DAG,),
    ),
    MetricSpec(
        name="PhaseDuration",
        unit="Milliseconds",
        meaning="Duration of a window's task.",
        dimensions=(PHASE,),
        every_s=WINDOW_S,
    ),
    MetricSpec(
        name="PoolWait",
        unit="Milliseconds",
        meaning="Longest wait of a run's tasks between queued and started.",
        dimensions=(DAG,),
        every_s=WINDOW_S,
    ),
    MetricSpec(
        name="ApiLatency",
        unit="Milliseconds",
        meaning="Median answer time of a service within a task.",
        dimensions=(SERVICE,),
        every_s=WINDOW_S,
    ),
    MetricSpec(
        name="ApiErrorRate",
        unit="Percent",
        meaning="Share of a service's calls within a task that failed.",
        dimensions=(SERVICE,),
        every_s=WINDOW_S,
    ),
    MetricSpec(
        name="BrowserStart", unit="Milliseconds", meaning="Start of the browser at a login."
    ),
    MetricSpec(
        name="TaskMemory",
        unit="Megabytes",
        meaning="Peak resident memory of a run's heaviest task without the browser.",
        every_s=WINDOW_S,
    ),
    MetricSpec(
        name="BrowserMemory", unit="Megabytes", meaning="Peak memory of the browser at a login."
    ),
    # Who watches the watchers.
    MetricSpec(
        name="DagHeartbeat",
        unit="Count",
        meaning="1 for each run of a DAG that reached its last task.",
        dimensions=(DAG,),
        every_s=WINDOW_S,
    ),
    MetricSpec(
        name="WatchdogHeartbeat",
        unit="Count",
        meaning="1 for each round of the watchdog outside Airflow.",
        every_s=WATCH_S,
    ),
    MetricSpec(
        name="WatchdogBlind",
        unit="Count",
        meaning="Parts of the watchdog that could not look, in this round.",
        every_s=WATCH_S,
    ),
    MetricSpec(
        name="AirflowUnhealthy",
        unit="Count",
        meaning="1 while Airflow's health page does not call a component healthy, else 0.",
        dimensions=(COMPONENT,),
        every_s=WATCH_S,
    ),
    MetricSpec(
        name="DagsPaused",
        unit="Count",
        meaning="DAGs of ours that should run and are paused.",
        every_s=WATCH_S,
    ),
    MetricSpec(
        name="TasksKilled",
        unit="Count",
        meaning="Tasks of the last hour that ended without telling why: killed, out of memory.",
        every_s=WATCH_S,
    ),
    MetricSpec(
        name="NoticesFailed",
        unit="Count",
        meaning="Notices to people that a channel did not take.",
        dimensions=(CHANNEL,),
    ),
    MetricSpec(
        name="CanaryBeat",
        unit="Count",
        meaning="1 each day that the alert canary saw every part answer, else 0.",
        every_s=86400,
    ),
    MetricSpec(
        name="CanaryAlarm",
        unit="Count",
        meaning="The synthetic number that must alarm every day.",
    ),
    MetricSpec(
        name="AuditOpen",
        unit="Count",
        meaning="Texts that SENS and our jobs do not agree on.",
        every_s=86400,
    ),
)

_RUN, _VERSION = "ComparisonRun", "LambdaVersion"
_COMPARED: tuple[tuple[str, Unit, str], ...] = (
    ("ComparisonRun", "Count", "Comparisons that ended."),
    ("SMSMismatchCount", "Count", "Texts that differ."),
    ("DBMismatchCount", "Count", "Ledger writes and states that differ."),
    ("TelegramMismatchCount", "Count", "Telegram lines that differ."),
    ("ComparisonMatchPercentage", "Percent", "Share that agrees."),
    ("match_percentage", "Percent", "The same, by its earlier name."),
    ("DiscrepanciesDetected", "Count", "Differences without an explanation."),
    ("discrepancies", "Count", "The same, by its earlier name."),
    ("critical_mismatches", "Count", "Differences that reach a customer."),
    ("warning_mismatches", "Count", "Differences that do not."),
    ("error_count", "Count", "What kept a comparison from proving anything."),
    ("processing_duration_ms", "Milliseconds", "Duration of a comparison."),
)
_COMPARISON = (
    *(
        MetricSpec(name=name, unit=unit, meaning=meaning, block=COMPARISON)
        for name, unit, meaning in _COMPARED
    ),
    MetricSpec(
        name="sms_sent_old",
        unit="Count",
        meaning="Texts of the predecessor.",
        dimensions=(_RUN, _VERSION),
        block=COMPARISON,
    ),
    MetricSpec(
        name="sms_sent_new",
        unit="Count",
        meaning="Texts of this system.",
        dimensions=(_RUN, _VERSION),
        block=COMPARISON,
    ),
)

CATALOGUE: Mapping[str, MetricSpec] = {one.name: one for one in (*_OPERATIONS, *_COMPARISON)}


def data_point(name: str, value: float, at: datetime, **dimensions: str) -> Metric:
    """A data point of a metric of the list; raises KeyError for a name that is not on it, and
    ValueError when the dimensions are not those of the list.
    """
    spec = CATALOGUE[name]
    if tuple(sorted(dimensions)) != tuple(sorted(spec.dimensions)):
        raise ValueError(f"{name} has the dimensions {spec.dimensions}, not {tuple(dimensions)}")
    return Metric(name=name, value=float(value), unit=spec.unit, at=at, dimensions=dimensions)


def of_block(block: str) -> Iterator[MetricSpec]:
    """The metrics of one block, in the list's order."""
    return (spec for spec in CATALOGUE.values() if spec.block == block)
