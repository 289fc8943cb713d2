"""Static checks of rules: what they find, and that they never call a possible rule impossible."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking_sms.domain.booking import BookingStatus
from booking_sms.domain.conditions import compile_rule
from booking_sms.domain.facts import Facts
from booking_sms.domain.rule import RuleSet
from booking_sms.domain.rule_limits import ways_of
from booking_sms.domain.rule_review import review
from booking_sms.testing import NOW, make_booking, make_ledger_row

LEAVES = st.sampled_from([
    {"type": "booking_status", "status": "confirmed"},
    {"type": "booking_status_any", "statuses": ["completed", "cancelled"]},
    {"type": "booking_cancelled"},
    {"type": "booking_in_db"},
    {"type": "booking_not_in_db"},
    {"type": "flag_not_set", "flag": "remind_sms"},
    {"type": "current_hour", "hour": 14},
    {"type": "current_hour", "hour": 15},
    {"type": "time_before_booking", "hours": 2},
    {"type": "before_visit", "within_minutes": 90, "at_least_minutes": 30},
    {"type": "during_visit"},
    {"type": "during_visit", "first_minutes": 30},
    {"type": "after_visit"},
    {"type": "after_visit", "from_minutes": 30, "within_minutes": 90},
    {"type": "date_is_today"},
    {"type": "date_range", "start_date": "2026-03-01", "end_date": "2026-03-02"},
    {"type": "weekday", "days": ["mon"]},
    {"type": "weekday", "days": ["tue"], "of": "today"},
    {"type": "holiday"},
    {"type": "store_id_matches", "store_ids": ["900101"]},
    {"type": "field", "path": "status", "op": "eq", "value": "confirmed"},
    {"type": "field", "path": "n", "op": "ge", "value": 3},
    {"type": "field", "path": "n", "op": "lt", "value": 3},
    {"type": "field", "path": "n", "op": "exists", "value": False},
])
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=6,
)
BOOKINGS = st.builds(
    lambda minutes, status, fields, store: make_booking(
        starts_in=timedelta(minutes=minutes), status=status, fields=fields, store_id=store
    ),
    st.integers(-40, 40).map(lambda number: number * 15),
    st.sampled_from([BookingStatus.CONFIRMED, BookingStatus.COMPLETED, BookingStatus.CANCELLED]),
    st.sampled_from([{}, {"n": 2}, {"n": 3}]),
    st.sampled_from(["900101", "900102"]),
)
ACTIVE = st.sampled_from([
    None,
    {"from": "2026-03-02"},
    {"to": "2026-03-02"},
    {"from": "2026-03-01", "to": "2026-03-03", "weekdays": ["mon", "sat"]},
    {"weekdays": ["mon"]},
])
ROWS = st.sampled_from([None, make_ledger_row(), make_ledger_row(remind_sms=True)])


def rule_set(*rules: dict[str, Any]) -> RuleSet:
    base = {
        "kind": "guide",
        "template": "guide",
        "message_class": "information",
        "not_after": {"visit_end": "0m"},
        "flag": "remind_sms",
    }
    named = [{"name": f"rule-{n}", **base, **rule} for n, rule in enumerate(rules)]
    return RuleSet.model_validate({"name": "mine", "rules": named})


def said(*rules: dict[str, Any]) -> list[str]:
    return [finding.message for finding in review(rule_set(*rules))]


@settings(max_examples=400, deadline=None)
@given(condition=CONDITIONS, booking=BOOKINGS, row=ROWS, hours=st.integers(0, 1), active=ACTIVE)
@pytest.mark.slow
def test_a_rule_that_matches_is_never_called_impossible(
    condition: dict[str, Any], booking: Any, row: Any, hours: int, active: dict[str, Any] | None
) -> None:
    (rule,) = rule_set({"when": condition, "active": active}).rules
    facts = Facts(booking=booking, row=row, as_of=NOW + timedelta(hours=hours))

    if not compile_rule(rule).first_failure(facts):
        assert any(way.contradiction() is None for way in ways_of(rule, ("rules", 0)))


@settings(max_examples=200, deadline=None)
@given(one=CONDITIONS, other=CONDITIONS, booking=BOOKINGS, row=ROWS, active=ACTIVE)
def test_two_rules_that_both_match_are_told(
    one: dict[str, Any], other: dict[str, Any], booking: Any, row: Any, active: dict[str, Any]
) -> None:
    rules = rule_set({"when": one}, {"when": other, "active": active})
    facts = Facts(booking=booking, row=row, as_of=NOW)

    if not any(compile_rule(rule).first_failure(facts) for rule in rules.rules):
        assert any("can match the same booking" in each.message for each in review(rules))


CONFIRMED = {"type": "booking_status", "status": "confirmed"}


def test_rules_of_one_kind_that_exclude_each_other_are_fine() -> None:
    new = {"when": {"all": [CONFIRMED, {"type": "booking_not_in_db"}]}}
    known = {"when": {"all": [CONFIRMED, {"type": "booking_in_db"}]}}

    assert said(new, known) == []
    assert len(said(new, new)) == 1
    assert said(new, {**new, "enabled": False}) == []
    assert said({**new, "stores": ["1"]}, {**new, "stores": ["2"]}) == []
    assert len(said({**new, "stores": ["1"]}, {**new, "stores": ["2", "1"]})) == 1


def test_rules_whose_days_never_meet_are_no_rivals() -> None:
    winter = {"from": "2026-12-01", "to": "2027-02-28"}
    spring = {"from": "2027-03-01"}

    def of(active: dict[str, Any]) -> dict[str, Any]:
        return {"when": CONFIRMED, "active": active}

    assert said(of(winter), of(spring)) == []
    assert said(of({"weekdays": ["mon"]}), of({"weekdays": ["tue", "wed"]})) == []
    assert len(said(of(winter), of({"from": "2027-02-28"}))) == 1
    assert len(said(of(winter), {"when": CONFIRMED})) == 1


def test_a_digest_that_waits_for_its_hour_is_fine() -> None:
    digest = {
        "action": "log_event",
        "scope": "run",
        "kind": "roster",
        "occurrence": "per_day",
        "template": "",
        "not_after": {"as_of": "2h"},
        "flag": "",
    }
    at_ten = {"type": "current_hour", "hour": 22}

    assert said({**digest, "when": {"all": [at_ten, CONFIRMED]}}) == []
    assert len(said({**digest, "when": {"any": [{"all": [at_ten, CONFIRMED]}, CONFIRMED]}})) == 1


def test_a_kind_that_nobody_uses_any_more_is_a_former_name() -> None:
    now = {"when": CONFIRMED, "kind": "door_code", "flag": "", "formerly": ["guide"]}

    assert said(now) == []
    assert said({"when": CONFIRMED, "enabled": False}, now) == []
    assert len(said({"when": CONFIRMED}, now)) == 1


def test_a_window_may_be_as_long_as_the_runs_are_apart() -> None:
    window = {"type": "before_visit", "within_minutes": 60, "at_least_minutes": 40}

    assert said({"when": {"all": [CONFIRMED, window]}}) == []


def test_one_branch_that_can_match_makes_the_rule_possible() -> None:
    never = {"all": [CONFIRMED, {"type": "booking_status", "status": "completed"}]}

    assert said({"when": {"any": [never, CONFIRMED]}}) == []


def test_a_rule_beyond_measure_is_said_to_be_unchecked() -> None:
    either = {"any": [CONFIRMED, {"type": "booking_in_db"}, {"type": "date_is_today"}]}

    assert said({"when": {"all": [either] * 6}}) == ["has too many combinations to be checked"]
