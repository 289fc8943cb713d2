"""Great Expectations over the bookings of one window, run inside the task.

The frame holds ids, minutes and kinds, no name and no number, and results are kept as yes or no,
so nothing raw can leave. Great Expectations and pandas are imported when a check runs.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from booking_sms.domain.booking import Booking, BookingStatus
from booking_sms.domain.fetch_plan import FetchPlan, fetch_plan
from booking_sms.domain.phone import TEXTABLE, parse_phone
from booking_sms.domain.window import Window
from booking_sms.pipeline.extract import load_bookings
from booking_sms.ports import PayloadStage

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

COLUMNS: Mapping[str, str] = {
    "store_id": "str",
    "booking_id": "str",
    "status": "str",
    "phone_kind": "str",
    "start_minute": "int64",
    "end_minute": "int64",
    "in_plan": "bool",
}
MOST_ROWS = 200_000
"""More in one window means that Naver ignored our ranges."""
MOSTLY_TEXTABLE = 0.9

_KNOWN_STATUSES = [status.value for status in BookingStatus if status is not BookingStatus.UNKNOWN]


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What the checks said. ``success``: nothing critical failed.

    ``failed`` and ``warnings`` are names of checks, ``statistics`` counts.
    """

    success: bool
    failed: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    statistics: Mapping[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The result as plain JSON values."""
        return asdict(self)


def check_staged(
    stage: PayloadStage, keys: Iterable[str], store_ids: Sequence[str], window: Window
) -> dict[str, Any]:
    """Check the staged bookings of a window against the directory and its fetch plan."""
    plan = fetch_plan(window)
    rows = [booking_row(booking, plan) for booking in load_bookings(stage, keys)]
    return check_bookings(rows, store_ids=store_ids).as_dict()


def booking_row(booking: Booking, plan: FetchPlan) -> Row:
    """A booking as the checks see it. Minutes are counted from the epoch."""
    return {
        "store_id": booking.store_id,
        "booking_id": booking.booking_id,
        "status": booking.status.value,
        "phone_kind": parse_phone(booking.phone).kind.value,
        "start_minute": int(booking.starts_at.timestamp()) // 60,
        "end_minute": int(booking.ends_at.timestamp()) // 60,
        "in_plan": plan.covers(booking),
    }


def check_bookings(rows: Sequence[Row], *, store_ids: Sequence[str]) -> CheckResult:
    """Run the suite on rows of ``booking_row``; an empty window passes.

    Critical: directory, ids, uniqueness, start before end, known columns. Warnings: a status
    we do not know, visits outside the fetch plan, many numbers that cannot receive a text,
    an unbelievable volume.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import pandas as pd

    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict(COLUMNS))
    report = _validate(frame, store_ids)
    failed = [result for result in report["results"] if not result["success"]]
    return CheckResult(
        success=not any(_severity(result) == "critical" for result in failed),
        failed=[_name(result) for result in failed if _severity(result) == "critical"],
        warnings=[_name(result) for result in failed if _severity(result) != "critical"],
        statistics={
            "rows": len(rows),
            "checks": len(report["results"]),
            "failed": len(failed),
        },
    )


def _validate(frame: pd.DataFrame, store_ids: Sequence[str]) -> dict[str, Any]:
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("bookings").add_dataframe_asset("window")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    suite = gx.ExpectationSuite(name="bookings", expectations=_expectations(store_ids))
    result = batch.validate(suite, result_format="BOOLEAN_ONLY")
    report: dict[str, Any] = result.to_json_dict()
    return report


def _expectations(store_ids: Sequence[str]) -> list[Any]:
    return [*_critical(store_ids), *_warnings()]


def _critical(store_ids: Sequence[str]) -> list[Any]:
    """Without these a text could go to the wrong person, at the wrong time, or twice."""
    from great_expectations import expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeInSet(
            column="store_id", value_set=list(store_ids), **_as("store_in_directory", "critical")
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="booking_id", **_as("booking_id_present", "critical")
        ),
        gxe.ExpectCompoundColumnsToBeUnique(
            column_list=["store_id", "booking_id"], **_as("booking_unique_in_store", "critical")
        ),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="end_minute", column_B="start_minute", **_as("start_before_end", "critical")
        ),
    ]


def _warnings() -> list[Any]:
    """Odd, and worth a look, but every booking is still decided rightly by itself."""
    from great_expectations import expectations as gxe

    textable = [kind.value for kind in TEXTABLE]
    return [
        gxe.ExpectColumnValuesToBeInSet(
            column="status", value_set=_KNOWN_STATUSES, **_as("status_known", "warning")
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="in_plan", value_set=[True], **_as("start_in_fetch_plan", "warning")
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="phone_kind",
            value_set=textable,
            mostly=MOSTLY_TEXTABLE,
            **_as("phones_textable", "warning"),
        ),
        gxe.ExpectTableRowCountToBeBetween(
            min_value=0, max_value=MOST_ROWS, **_as("volume_believable", "warning")
        ),
    ]


def _as(name: str, severity: str) -> dict[str, Any]:
    return {"severity": severity, "meta": {"name": name}}


def _severity(result: Mapping[str, Any]) -> str:
    return str(result["expectation_config"].get("severity", "critical"))


def _name(result: Mapping[str, Any]) -> str:
    return str(result["expectation_config"]["meta"]["name"])
