from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from rule_world import CATALOG, with_catalog, with_rules

from booking_sms.domain.booking import Booking, BookingStatus
from booking_sms.domain.catalog import Catalog
from booking_sms.domain.ledger import Ledger
from booking_sms.domain.rule import RuleSet
from booking_sms.domain.window import Window
from booking_sms.parity.forecast_diff import ForecastChange, forecast_changes
from booking_sms.pipeline.forecast import Foreseen, forecast, windows_ahead
from booking_sms.pipeline.live import asked_for, read_ahead
from booking_sms.pipeline.plan import everywhere
from booking_sms.testing import NOW, FakeBookingSource, make_booking

DAY = windows_ahead(Window(NOW), timedelta(hours=24))
DIGEST: dict[str, Any] = {
    "name": "roster",
    "kind": "roster",
    "action": "log_event",
    "scope": "run",
    "occurrence": "once",
    "when": {"type": "booking_status", "status": "confirmed"},
    "not_after": {"as_of": "1h"},
}


def foreseen(
    *bookings: Booking, catalog: Catalog = CATALOG, stages: dict[str, str] | None = None
) -> tuple[Foreseen, ...]:
    """A day ahead at full rollout unless told otherwise."""
    rollout = everywhere(catalog.rules) if stages is None else stages
    return forecast(bookings, Ledger(), catalog, DAY, rollout)


def changes(after: Catalog, *bookings: Booking, **stages: str) -> tuple[ForecastChange, ...]:
    before = foreseen(*bookings)
    return forecast_changes(before, foreseen(*bookings, catalog=after, stages=stages or None))


def test_windows_follow_each_other() -> None:
    assert len(DAY) == 72
    assert (DAY[0].as_of, DAY[1].as_of - NOW) == (NOW, timedelta(minutes=20))


def test_each_message_comes_once_and_in_its_own_window() -> None:
    found = foreseen(make_booking(starts_in=timedelta(hours=5)))

    assert [(one.kind, one.due_at - NOW) for one in found] == [
        ("confirm", timedelta()),
        ("guide", timedelta(hours=3, minutes=20)),
    ]
    assert {one.shown for one in found} == {"010-****-1234"}
    assert "01000001234" not in repr(found)


def test_a_kind_without_a_flag_and_a_digest_come_once_too() -> None:
    own = with_rules({"kind": "drink", "flag": "", "when": DIGEST["when"]})
    rules = RuleSet.model_validate({
        "name": "mine",
        "rules": [own.rules[0].model_dump(mode="json"), DIGEST],
    })

    found = foreseen(make_booking(), catalog=with_catalog(rules=rules))

    assert Counter(one.kind for one in found) == {"drink": 1, "roster": 1}
    assert found[1].shown == "log"


def test_a_shadow_rule_is_counted_once_although_it_remembers_nothing() -> None:
    stages = {rule.name: "shadow" for rule in CATALOG.rules.rules}

    found = foreseen(make_booking(starts_in=timedelta(hours=5)), stages=stages)

    assert {(one.kind, one.stage) for one in found if one.kind == "confirm"} == {
        ("confirm", "shadow")
    }
    assert Counter(one.rule for one in found)["confirm-first-sight"] == 1


def test_the_same_rules_change_nothing() -> None:
    assert changes(CATALOG, make_booking(starts_in=timedelta(hours=5))) == ()


def test_what_is_gained_lost_and_moved_is_named() -> None:
    later = with_rules({
        "when": {
            "all": [
                {"type": "booking_status", "status": "confirmed"},
                {"type": "time_before_booking", "hours": 1},
            ]
        }
    })

    found = changes(with_catalog(rules=later), make_booking(starts_in=timedelta(hours=5)))

    assert [(one.change, one.kind, one.rule) for one in found] == [
        ("lost", "confirm", "confirm-first-sight"),
        ("moved", "guide", "guide-two-hours"),
    ]
    moved = found[1].as_dict()
    assert (moved["before"], moved["after"]) == ("2026-03-02T17:20+09:00", "2026-03-02T18:00+09:00")
    assert moved["recipient"] == "010-****-1234"


def test_a_rule_that_leaves_shadow_is_a_gain() -> None:
    stages = everywhere(CATALOG.rules) | {"confirm-first-sight": "shadow"}
    booking = make_booking(starts_in=timedelta(hours=5))

    found = forecast_changes(foreseen(booking, stages=stages), foreseen(booking))

    assert next((one.change, one.stage) for one in found) == ("gained", "live")
    assert ("lost", "shadow") in [(one.change, one.stage) for one in found]


def test_another_wording_is_a_change() -> None:
    confirm = replace(CATALOG.messages.get("confirm"), text="새 글")
    messages = replace(
        CATALOG.messages, templates={**CATALOG.messages.templates, "confirm": confirm}
    )

    found = changes(with_catalog(messages=messages), make_booking(starts_in=timedelta(hours=30)))

    assert [(one.change, one.kind) for one in found] == [("reworded", "confirm")]


@pytest.mark.parametrize(
    ("as_of", "status", "days_ago", "asked"),
    [
        pytest.param(NOW, BookingStatus.CONFIRMED, 0, True, id="today"),
        pytest.param(NOW, BookingStatus.COMPLETED, 9, False, id="past, in the afternoon"),
        pytest.param(NOW.replace(hour=20), BookingStatus.COMPLETED, 9, True, id="past, at eight"),
        pytest.param(NOW.replace(hour=20), BookingStatus.CONFIRMED, 9, False, id="not completed"),
    ],
)
def test_a_window_sees_what_it_asks_for(
    as_of: datetime, status: BookingStatus, days_ago: int, asked: bool
) -> None:
    booking = make_booking(
        starts_in=timedelta(days=-days_ago), status=status, registered_at=NOW - timedelta(days=20)
    )

    assert bool(asked_for([booking], Window(as_of))) is asked


def test_bookings_are_read_once_a_kind_of_fetch_plan_and_merged() -> None:
    source = FakeBookingSource([make_booking(), make_booking(store_id="900102")])

    read = read_ahead(source, ("900102", "900101"), DAY, NOW)

    assert [one.store_id for one in read.bookings] == ["900102", "900101"]
    hours = [window.as_of.hour for store, window in source.fetched if store == "900101"]
    assert sorted(hours) == [4, 14, 20]
