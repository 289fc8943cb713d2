"""Great Expectations over a comparison: presence, equality of fields, volumes, percentages.

The frames hold scenario ids and yes or no, and results are kept as yes or no, so nothing raw can
leave. The comparator says what differs; this says the same by other means, the order of items
apart, which no row can tell. Great Expectations and pandas are imported when a check runs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from booking_sms.parity.compare import Outcome
from booking_sms.parity.frames import FIELDS, Row, columns_of, frames_of
from booking_sms.parity.severity import is_critical_path
from booking_sms.quality.bookings import CheckResult

if TYPE_CHECKING:
    import pandas as pd

LEAST_ITEMS: Mapping[str, int] = {"sms": 1, "writes": 1, "ledger": 1, "telegram": 1, "slack": 0}
"""Rows below which a channel proves nothing. Slack may be silent: the predecessor had none."""
CHANNEL_COLUMNS = {"channel": "str", "items": "int64", "match_percentage": "float64"}


def check_parity(
    expected: Sequence[Outcome],
    actual: Sequence[Outcome],
    least: Mapping[str, int] = LEAST_ITEMS,
) -> CheckResult:
    """Run a suite on each channel and one on the whole; names are ``channel.field_equal``.

    ``least`` are items that a channel needs. Explained differences fail here too: this looks at
    what differs, not at why.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    frames = frames_of(expected, actual)
    results = [
        result
        for channel, rows in frames.items()
        for result in _validate(
            channel, _frame(rows, columns_of(channel)), _of_channel(channel, least.get(channel, 1))
        )
    ]
    summary = _frame([_summary(channel, rows) for channel, rows in frames.items()], CHANNEL_COLUMNS)
    results += _validate("whole", summary, _of_whole(list(frames)))
    failed = [result for result in results if not result["success"]]
    return CheckResult(
        success=not any(_severity(result) == "critical" for result in failed),
        failed=[_name(result) for result in failed if _severity(result) == "critical"],
        warnings=[_name(result) for result in failed if _severity(result) != "critical"],
        statistics={
            "rows": sum(map(len, frames.values())),
            "checks": len(results),
            "failed": len(failed),
        },
    )


def expectations_of(expected: Sequence[Outcome], actual: Sequence[Outcome]) -> dict[str, Any]:
    """``check_parity`` as plain JSON values, for a task to hand on."""
    return check_parity(expected, actual).as_dict()


def match_percentage(rows: Sequence[Row]) -> float:
    """Share of items that both sides have alike, 0 to 100; 0 of nothing."""
    alike = sum(all(value for name, value in row.items() if name != "scenario") for row in rows)
    return alike / len(rows) * 100 if rows else 0.0


def _frame(rows: Sequence[Row], columns: Mapping[str, str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=list(columns)).astype(dict(columns))


def _summary(channel: str, rows: Sequence[Row]) -> Row:
    return {"channel": channel, "items": len(rows), "match_percentage": match_percentage(rows)}


def _validate(name: str, frame: pd.DataFrame, expectations: list[Any]) -> list[dict[str, Any]]:
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("parity").add_dataframe_asset(name)
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    suite = gx.ExpectationSuite(name=name, expectations=expectations)
    report = batch.validate(suite, result_format="BOOLEAN_ONLY").to_json_dict()
    results: list[dict[str, Any]] = report["results"]
    return results


def _of_channel(channel: str, least: int) -> list[Any]:
    from great_expectations import expectations as gxe

    fields = (*FIELDS[channel], "rest")
    return [
        gxe.ExpectTableRowCountToBeBetween(
            min_value=least, max_value=None, **_as(f"{channel}.volume", "critical")
        ),
        _always_true("expected_present", f"{channel}.expected_present", "critical"),
        _always_true("actual_present", f"{channel}.actual_present", "critical"),
        *(
            _always_true(f"{name}_equal", f"{channel}.{name}_equal", _weight(channel, name))
            for name in fields
        ),
    ]


def _of_whole(channels: list[str]) -> list[Any]:
    """A percentage is a percentage, and every channel is there once."""
    from great_expectations import expectations as gxe

    return [
        gxe.ExpectColumnDistinctValuesToEqualSet(
            column="channel", value_set=channels, **_as("channels_known", "critical")
        ),
        gxe.ExpectColumnValuesToBeUnique(column="channel", **_as("channels_unique", "critical")),
        gxe.ExpectColumnValuesToBeBetween(
            column="match_percentage",
            min_value=0,
            max_value=100,
            **_as("percentage_in_range", "critical"),
        ),
    ]


def _weight(channel: str, name: str) -> str:
    """As the comparator weighs a difference there; a write's key is its booking and phone."""
    return "critical" if name == "key" or is_critical_path(f"{channel}.{name}") else "warning"


def _always_true(column: str, name: str, severity: str) -> Any:
    from great_expectations import expectations as gxe

    return gxe.ExpectColumnValuesToBeInSet(column=column, value_set=[True], **_as(name, severity))


def _as(name: str, severity: str) -> dict[str, Any]:
    return {"severity": severity, "meta": {"name": name}}


def _severity(result: Mapping[str, Any]) -> str:
    return str(result["expectation_config"].get("severity", "critical"))


def _name(result: Mapping[str, Any]) -> str:
    return str(result["expectation_config"]["meta"]["name"])
