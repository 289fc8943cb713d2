"""Every event of this system: one JSON line each, with the same names everywhere.

Fields that log filters and saved queries look at stand at the top of a line. A field that is not
listed here is refused, so a query cannot wait for one that nobody writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import structlog

ALWAYS = frozenset({"timestamp", "level", "message"})
"""What every line has. ``timestamp`` is UTC and ends with Z."""
ABOUT_THE_RUN = frozenset({"run_id", "dag_id", "task_id", "map_index", "try_number"})
"""Added by Airflow to each line of a task."""

INFO, WARNING, ERROR = "info", "warning", "error"


@dataclass(frozen=True, kw_only=True)
class EventSpec:
    """What an event is about. ``operation`` is what was done, as in the predecessor's logs."""

    operation: str
    meaning: str
    fields: tuple[str, ...] = ()
    action_type: str = ""
    component: str = ""


_JOB = (
    "job_id",
    "booking_id",
    "store_id",
    "rule_name",
    "template_type",
    "kind",
    "window",
    "attempt",
    "status",
    "reason",
)
_COMPARED = ("event_type", "match", "comparison", "mismatches", "mismatch_details")

EVENTS: Mapping[str, EventSpec] = {
    "run_started": EventSpec(
        operation="run_start",
        meaning="A window's run has a session and knows its stores.",
        fields=("window",),
    ),
    "session_ready": EventSpec(
        operation="naver_login",
        meaning="The portal lets us in, or does not; how the session was had.",
        fields=("window", "status", "session_state", "browser_started", "error", "duration_ms"),
        action_type="login",
        component="session",
    ),
    "store_extracted": EventSpec(
        operation="get_booking",
        meaning="One store was read, or could not be.",
        fields=(
            "window",
            "store_id",
            "status",
            "bookings",
            "quarantined",
            "attempt",
            "error",
            "duration_ms",
        ),
        component="extract",
    ),
    "rule_evaluated": EventSpec(
        operation="evaluate_rule",
        meaning="What one rule made of a window's bookings.",
        fields=("window", "rule_name", "counts"),
        component="plan",
    ),
    "jobs_planned": EventSpec(
        operation="process_bookings_complete",
        meaning="A window was decided.",
        fields=("window", "planned", "duration_ms"),
        component="plan",
    ),
    "job_stored": EventSpec(
        operation="create_db_record",
        meaning="A message became a job.",
        fields=_JOB,
        component="outbox",
    ),
    "job_moved": EventSpec(
        operation="execute_action",
        meaning="A job changed its state.",
        fields=(*_JOB, "move"),
        component="outbox",
    ),
    "text_sent": EventSpec(
        operation="send_sms",
        meaning="One attempt to send a text: under way, taken, refused or in doubt.",
        fields=(*_JOB, "phone_masked"),
        action_type="send_sms",
        component="dispatch",
    ),
    "notice_sent": EventSpec(
        operation="send_message",
        meaning="One attempt to tell colleagues what a rule found.",
        fields=(*_JOB, "channel"),
        action_type="send_notice",
        component="dispatch",
    ),
    "flag_updated": EventSpec(
        operation="update_flag",
        meaning="The ledger knows that a text was accepted.",
        fields=("booking_id", "store_id", "kind", "flag", "status"),
        component="ledger",
    ),
    "dispatch_completed": EventSpec(
        operation="run_complete",
        meaning="A dispatch came to its end.",
        fields=("sms_sent", "stopped", "status"),
        component="dispatch",
    ),
    "run_completed": EventSpec(
        operation="run_complete",
        meaning="A window was accounted for.",
        fields=("window", "status", "bookings", "failed_stores", "accounting"),
        component="report",
    ),
    "team_told": EventSpec(
        operation="notify_error",
        meaning="A notice to people, and whether its channel took it.",
        fields=("channel", "status", "error"),
        action_type="notify",
        component="notices",
    ),
    "secret_unreadable": EventSpec(
        operation="load_settings",
        meaning="A secret could not be read; its reference, never its value.",
        fields=("reference", "status", "error"),
        component="secrets",
    ),
    "sms_comparison": EventSpec(
        operation="compare",
        meaning="Texts of both systems.",
        fields=(
            *_COMPARED,
            "booking_id",
            "store_id",
            "phone_masked",
            "template_type",
            "lambda_version",
            "character_diff_count",
        ),
        component="parity",
    ),
    "db_operation_comparison": EventSpec(
        operation="compare",
        meaning="Ledger writes of both systems.",
        fields=(*_COMPARED, "booking_id", "operation_type", "table_name"),
        component="parity",
    ),
    "telegram_comparison": EventSpec(
        operation="compare",
        meaning="Telegram lines of both systems.",
        fields=(*_COMPARED, "event_category", "old_sent", "new_sent"),
        component="parity",
    ),
    "comparison_summary": EventSpec(
        operation="compare",
        meaning="A comparison's result.",
        fields=(
            "event_type",
            "comparison",
            "match_percentage",
            "total_mismatches",
            "unexplained",
            "error_count",
            "processing_duration_ms",
            "bookings_processed",
            "sms_sent_count",
            "sms_comparisons_count",
            "db_comparisons_count",
            "telegram_comparisons_count",
            "db_operations_count",
            "telegram_events_count",
        ),
        component="parity",
    ),
}

FIELDS: frozenset[str] = (
    ALWAYS
    | ABOUT_THE_RUN
    | {"operation", "action_type", "component", "event_type"}
    | {name for spec in EVENTS.values() for name in spec.fields}
)
"""Every field that a line of ours may have; what a saved query may name."""

log = structlog.get_logger("booking_sms")


def since_ms(begun: float) -> float:
    """Milliseconds since a reading of ``perf_counter``."""
    return round((perf_counter() - begun) * 1000, 1)


def log_event(name: str, *, level: str = INFO, **fields: Any) -> None:
    """Write one event. KeyError for a name, ValueError for a field that is not on the list.

    Fields without a value are left out. Never give it a person: ids, counts and words only.
    """
    spec = EVENTS[name]
    unknown = fields.keys() - set(spec.fields)
    if unknown:
        raise ValueError(f"{name} has no field {', '.join(sorted(unknown))}")
    given = {key: value for key, value in fields.items() if value is not None}
    about = {
        "operation": spec.operation,
        "event_type": name,
        "action_type": spec.action_type,
        "component": spec.component,
    }
    line = {key: value for key, value in about.items() if value} | given
    getattr(log, level)(name, **line)
