"""CloudWatch's alarm semantics: the user guide's own tables, and a second, naive statement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_sms.monitoring.evaluator import (
    COMPARISONS,
    AlarmRule,
    AlarmState,
    Measured,
    MissingData,
    data_points,
    state_of,
    states_between,
    statistic_of,
)

T0 = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
OK, ALARM, LACKING = AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA
KEEPS = None
"""The guide's "Retain current state"."""
SYMBOLS = {"0": 0.0, "X": 9.0, "-": None}


def rule(
    periods: int = 3, needed: int = 3, missing: str = "missing", **changes: object
) -> AlarmRule:
    numbers = {
        "statistic": "Sum",
        "comparison": "GreaterThanThreshold",
        "threshold": 5.0,
        "period_s": 300,
        "evaluation_periods": periods,
        "datapoints_to_alarm": needed,
        "missing": MissingData(missing),
    }
    return AlarmRule(**{**numbers, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("before", list(AlarmState))
@pytest.mark.parametrize(
    ("points", "needed", "expected"),
    [
        # missing, ignore, breaching, notBreaching; all rows of both tables of the user guide.
        pytest.param("0-X-X", 3, (OK, OK, OK, OK), id="enough, last three hold a good one"),
        pytest.param("0----", 3, (OK, OK, OK, OK), id="one good, about to leave"),
        pytest.param("----0", 3, (OK, OK, OK, OK), id="one good, new"),
        pytest.param("-----", 3, (LACKING, KEEPS, ALARM, OK), id="nothing"),
        pytest.param("0XX-X", 3, (ALARM, ALARM, ALARM, ALARM), id="three bad among four"),
        pytest.param("----X", 3, (LACKING, KEEPS, ALARM, OK), id="one bad, new: premature"),
        pytest.param("X----", 3, (ALARM, KEEPS, ALARM, OK), id="one bad, oldest"),
        pytest.param("--X--", 3, (ALARM, KEEPS, ALARM, OK), id="one bad, as old as needed"),
        pytest.param("0-X-X", 2, (ALARM, ALARM, ALARM, ALARM), id="2 of 3"),
        pytest.param("00X0X", 2, (ALARM, ALARM, ALARM, ALARM), id="2 of 3, none missing"),
        pytest.param("0-X--", 2, (OK, OK, ALARM, OK), id="2 of 3, one filled"),
        pytest.param("----0", 2, (OK, OK, ALARM, OK), id="2 of 3, two filled"),
        pytest.param("----X", 2, (LACKING, KEEPS, ALARM, OK), id="2 of 3, one bad, new"),
        pytest.param("---X-", 2, (ALARM, KEEPS, ALARM, OK), id="2 of 3, bad and old enough"),
    ],
)
def test_tables_of_the_user_guide(
    points: str, needed: int, expected: tuple[AlarmState | None, ...], before: AlarmState
) -> None:
    values = tuple(SYMBOLS[symbol] for symbol in points)

    for missing, state in zip(MissingData, expected, strict=True):
        assert state_of(rule(3, needed, missing), values, before) is (state or before), missing


@pytest.mark.parametrize(
    ("comparison", "below", "at", "above"),
    [
        ("GreaterThanOrEqualToThreshold", False, True, True),
        ("GreaterThanThreshold", False, False, True),
        ("LessThanThreshold", True, False, False),
        ("LessThanOrEqualToThreshold", True, True, False),
    ],
)
def test_comparisons(comparison: str, below: bool, at: bool, above: bool) -> None:
    judged = rule(comparison=comparison)

    assert [judged.breaches(value) for value in (4.0, 5.0, 6.0)] == [below, at, above]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Sum", 17.0),
        ("Average", 4.25),
        ("Minimum", 1.0),
        ("Maximum", 10.0),
        ("SampleCount", 4.0),
        ("p50", 2.0),
        ("p95", 10.0),
        ("p0", 1.0),
    ],
)
def test_statistics_over_all_that_a_period_holds(name: str, value: float) -> None:
    measured = [Measured.of(T0, 10.0, 2.0), Measured.of(T0, 1.0, 4.0)]

    assert statistic_of(name, measured) == value


def test_a_percentile_of_mere_statistics_is_refused() -> None:
    blurred = Measured(at=T0, count=2, total=3, minimum=1, maximum=2)

    with pytest.raises(ValueError, match="percentile"):
        statistic_of("p95", [blurred])
    with pytest.raises(ValueError, match="unknown"):
        statistic_of("Median", [blurred])


def test_a_period_holds_its_start_and_not_its_end() -> None:
    one = rule(1, 1, period_s=300)
    at = T0 + timedelta(minutes=15)
    measured = [
        Measured.of(T0 - timedelta(seconds=1), 1.0),
        Measured.of(T0, 2.0),
        Measured.of(T0 + timedelta(minutes=10), 4.0),
        Measured.of(at, 8.0),
    ]

    assert data_points(one, measured, at) == (2.0, None, 4.0)


def test_states_slide_minute_by_minute() -> None:
    heartbeat = rule(1, 1, "breaching", comparison="LessThanThreshold", threshold=1.0, period_s=60)
    beats = [Measured.of(T0 + timedelta(seconds=30 + 60 * minute), 1.0) for minute in range(3)]

    states = list(states_between(heartbeat, beats, T0, T0 + timedelta(minutes=7)))

    assert [at for at, _ in states] == [T0 + timedelta(minutes=n) for n in range(1, 8)]
    assert [state for _, state in states] == [OK, OK, OK, OK, OK, ALARM, ALARM]


def naive(alarm: AlarmRule, points: list[float | None], before: AlarmState) -> AlarmState:
    """The guide's words, one after the other, on symbols, by writing the filled points out."""
    words = "".join(
        "-" if point is None else "X" if alarm.breaches(point) else "0" for point in points
    )
    present = words.replace("-", "")
    if len(present) >= alarm.evaluation_periods:
        return _verdict(present[len(present) - alarm.evaluation_periods :], alarm)
    filler = {MissingData.BREACHING: "X", MissingData.NOT_BREACHING: "0"}.get(alarm.missing)
    if filler is not None:
        return _verdict(present.ljust(alarm.evaluation_periods, filler), alarm)
    if "0" in present or present.count("X") >= alarm.datapoints_to_alarm:
        return _verdict(present, alarm)
    if alarm.missing is MissingData.IGNORE:
        return before
    oldest = words.find("X")
    if oldest >= 0 and len(words[oldest:]) >= alarm.datapoints_to_alarm:
        return ALARM
    return LACKING


def _verdict(letters: str, alarm: AlarmRule) -> AlarmState:
    return OK if letters.count("X") < alarm.datapoints_to_alarm else ALARM


@st.composite
def situations(draw: st.DrawFn) -> tuple[AlarmRule, list[float | None], AlarmState]:
    periods = draw(st.integers(1, 6))
    alarm = rule(
        periods,
        draw(st.integers(1, periods)),
        draw(st.sampled_from(list(MissingData))),
        comparison=draw(st.sampled_from(list(COMPARISONS))),
    )
    point = st.none() | st.sampled_from([4.0, 5.0, 6.0])
    points = draw(st.lists(point, min_size=alarm.range_periods, max_size=alarm.range_periods))
    return alarm, points, draw(st.sampled_from(list(AlarmState)))


@given(situations())
def test_two_statements_of_the_rules_agree(
    situation: tuple[AlarmRule, list[float | None], AlarmState],
) -> None:
    assert state_of(*situation) is naive(*situation)


@given(
    st.lists(st.tuples(st.integers(0, 3600), st.floats(-1e6, 1e6)), min_size=1, max_size=20),
    st.sampled_from(["Sum", "Average", "Minimum", "Maximum", "SampleCount"]),
    st.sampled_from([60, 300, 1200]),
    st.integers(0, 60),
)
def test_data_points_are_the_statistics_of_each_slice(
    raw: list[tuple[int, float]], statistic: str, period_s: int, minute: int
) -> None:
    alarm = rule(3, 3, statistic=statistic, period_s=period_s)
    at = T0 + timedelta(minutes=minute)
    measured = [Measured.of(T0 + timedelta(seconds=s), value) for s, value in raw]
    functions = {
        "Sum": sum,
        "Average": lambda values: sum(values) / len(values),
        "Minimum": min,
        "Maximum": max,
        "SampleCount": len,
    }

    expected = []
    for back in range(5, 0, -1):
        start, end = minute * 60 - back * period_s, minute * 60 - (back - 1) * period_s
        values = [value for second, value in raw if start <= second < end]
        expected.append(functions[statistic](values) if values else None)

    found = data_points(alarm, measured, at)
    assert [one is None for one in found] == [one is None for one in expected]
    assert [one for one in found if one is not None] == pytest.approx(
        [one for one in expected if one is not None], abs=1e-6
    )
