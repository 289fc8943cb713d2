from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from booking_sms.domain.condition_model import AllOf, Not, TimeBeforeBooking
from booking_sms.domain.rule import Rule, RuleSet, content_digest
from booking_sms.domain.rule_timing import NotAfter, duration
from booking_sms.testing import NOW


def rule_data(**overrides: Any) -> dict[str, Any]:
    data: dict[str, Any] = {
        "name": "guide-due",
        "kind": "guide",
        "template": "guide",
        "message_class": "information",
        "when": {"all": [{"type": "booking_in_db"}]},
        "not_after": {"visit_end": "0m"},
        "flag": "remind_sms",
    }
    return {**data, **overrides}


def advertising(**overrides: Any) -> dict[str, Any]:
    data = {"kind": "event", "flag": "option_sms", "message_class": "advertising"}
    return rule_data(**{**data, "allowed_hours": "08:10-20:50", **overrides})


def messages_of(data: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        Rule.model_validate(data)
    return "; ".join(str(item["msg"]) for item in caught.value.errors())


def test_defaults_are_the_careful_ones() -> None:
    rule = Rule.model_validate(rule_data())

    assert (rule.doubt_policy, rule.late_policy, rule.occurrence) == ("hold", "send_now", "once")
    assert rule.hours is None
    assert rule.doubt_resend_minutes is None


def test_a_rule_set_survives_json_unchanged() -> None:
    when = {
        "any": [{"not": {"type": "current_hour", "hour": 3}}, {"all": [{"type": "booking_in_db"}]}]
    }
    rules = RuleSet.model_validate({"name": "mine", "rules": [rule_data(when=when)]})

    again = RuleSet.model_validate(rules.model_dump(mode="json"))

    assert again == rules
    assert again.digest == rules.digest
    assert isinstance(again.rules[0].when.any[0], Not)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(rule_data(colour="red"), "Extra inputs", id="unknown key"),
        pytest.param(
            rule_data(when={"type": "moon_phase"}), "'moon_phase'", id="unknown condition"
        ),
        pytest.param(rule_data(when={"xor": []}), "a condition is", id="unknown group"),
        pytest.param(rule_data(when={"all": []}), "at least 1", id="empty group"),
        pytest.param(
            rule_data(when={"type": "booking_status", "status": "RC03"}),
            "'confirmed'",
            id="vendor code for a status",
        ),
        pytest.param(
            rule_data(when={"type": "time_before_booking", "hours": 169}), "168", id="hours too far"
        ),
        pytest.param(rule_data(action="send_fax"), "send_sms", id="action of a later language"),
        pytest.param(rule_data(rollout="store:"), "pattern", id="rollout without a store"),
        pytest.param(rule_data(not_after={}), "give visit_end", id="no deadline"),
        pytest.param(rule_data(not_after={"visit_end": "2w"}), "pattern", id="unknown unit"),
        pytest.param(rule_data(deferred_to="20:00"), "needs allowed_hours", id="lone deferral"),
        pytest.param(rule_data(flag="confirm_sms"), "'remind_sms'", id="another kind's flag"),
        pytest.param(rule_data(kind="promo", flag="promo_sms"), "flag ''", id="flag of our own"),
        pytest.param(advertising(allowed_hours=None), "needs allowed_hours", id="ad at any hour"),
        pytest.param(advertising(allowed_hours="08:00-20:50"), "only", id="ad before 08:10"),
        pytest.param(advertising(allowed_hours="08:10-21:00"), "only", id="ad after 20:50"),
        pytest.param(rule_data(doubt_policy={"resend_at": 1}), "greater", id="resend too late"),
    ],
)
def test_what_a_rule_may_not_say_is_refused(data: dict[str, Any], said: str) -> None:
    assert said in messages_of(data)


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="used twice: guide-due"):
        RuleSet.model_validate({"name": "mine", "rules": [rule_data(), rule_data()]})


def test_rules_of_one_kind_must_share_their_occurrence() -> None:
    other = rule_data(name="guide-again", occurrence="per_start")

    with pytest.raises(ValidationError, match="both could send"):
        RuleSet.model_validate({"name": "mine", "rules": [rule_data(), other]})


def test_digest_follows_content_and_nothing_else() -> None:
    first, same, other = (
        Rule.model_validate(data)
        for data in (rule_data(), dict(reversed(rule_data().items())), rule_data(priority=1))
    )

    assert first.digest == same.digest != other.digest
    assert content_digest({"a": 1, "b": 2}) == content_digest({"b": 2, "a": 1})


def test_deadline_is_the_later_of_visit_end_and_window() -> None:
    deadline = NotAfter(visit_end="0m", as_of="2h").deadline

    assert deadline(NOW + timedelta(hours=5), NOW) == NOW + timedelta(hours=5)
    assert deadline(NOW - timedelta(days=1), NOW) == NOW + timedelta(hours=2)


def test_deadline_may_lie_days_after_the_visit() -> None:
    assert NotAfter(visit_end="7d").deadline(NOW, NOW) == NOW + timedelta(days=7)


def test_durations_are_minutes_hours_and_days() -> None:
    assert [duration(text).total_seconds() for text in ("90m", "2h", "7d")] == [5400, 7200, 604800]


def test_bare_yaml_numbers_become_text_where_text_is_due() -> None:
    rule = Rule.model_validate(rule_data(stores=[900101]))

    assert rule.stores == ("900101",)


def test_models_are_frozen() -> None:
    rule = Rule.model_validate(rule_data())

    with pytest.raises(ValidationError):
        rule.enabled = False


def test_conditions_can_be_built_in_code() -> None:
    when = AllOf(all=(TimeBeforeBooking(type="time_before_booking", hours=2),))

    assert Rule.model_validate(rule_data(when=when)).when == when
