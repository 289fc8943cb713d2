"""Who hears of caps, when, and how often."""

from __future__ import annotations

from datetime import timedelta

import pytest
from outbox_world import World

from booking_sms.domain.sms_job import JobState, LedgerEntry
from booking_sms.domain.text_caps import TextCaps
from booking_sms.pipeline.cap_forecast import CapName
from booking_sms.pipeline.cap_watch import (
    alert_on_caps,
    cap_line,
    read_cap_standings,
    stopping_caps,
)
from booking_sms.testing import NOW

DAY = NOW.date()  # the second of March
CAPS = TextCaps(daily_text=100, daily_advertising=10, monthly_text=5000, reserve_percent=20)


class Watch:
    """A world whose caps are looked at; ``alerts`` reach the team, ``pages`` everybody."""

    def __init__(self):
        self.world = World()
        self.alerts, self.pages = [], []
        self.is_deaf = False

    def use(self, number, message_class="information", day=DAY):
        self.world.control.count_texts(day, message_class, lambda _: number)

    def standings(self, caps=CAPS):
        return {s.name: s for s in read_cap_standings(self.world.services, caps)}

    def look(self, counts=None, caps=CAPS):
        return alert_on_caps(
            self.standings(caps).values(),
            stopping_caps(counts or {}),
            self.world.control,
            self.world.clock.now(),
            alert=lambda text: self.hear(self.alerts, text),
            page=lambda text: self.hear(self.pages, text),
        )

    def hear(self, where, text):
        if not self.is_deaf:
            where.append(text)
        return not self.is_deaf


@pytest.fixture
def watch():
    return Watch()


# --- where they stand --------------------------------------------------------------------------


def test_planned_are_the_open_texts_that_may_go_out_today(watch):
    add = watch.world.add
    add(booking=1)
    add(booking=2, state=JobState.RETRYABLE)
    add(booking=3, state=JobState.SCHEDULED, not_before=NOW + timedelta(hours=3))
    add(booking=4, state=JobState.SCHEDULED, not_before=NOW + timedelta(days=1))
    add(booking=5, state=JobState.HELD)
    add(booking=6, state=JobState.ACCEPTED)
    add(booking=7, message_class="advertising")
    watch.world.add_notice(ledger=LedgerEntry(phone="", name=""))

    standings = watch.standings()

    planned = {name: standing.planned for name, standing in standings.items()}
    assert planned == {"day": 3, "day_advertising": 1, "month": 4, "month_advertising": 4}


def test_the_month_before_gives_the_pace_of_the_first_days(watch):
    for days in range(1, 10):
        watch.use(50, day=DAY - timedelta(days=days))

    month = watch.standings()[CapName.MONTH]

    assert (month.used, month.forecast) == (50, 50 + 1470)  # 50 on the first, 29 days and 10 hours


# --- who hears of them -------------------------------------------------------------------------


def test_caps_that_are_far_are_not_mentioned(watch):
    watch.use(10)

    assert watch.look() == 0
    assert watch.alerts == watch.pages == []


def test_a_cap_that_is_near_alerts_once_a_day(watch):
    watch.use(85)
    assert [watch.look(), watch.look()] == [1, 0]
    watch.world.clock.set(NOW + timedelta(days=1))
    watch.use(85, day=DAY + timedelta(days=1))

    assert watch.look() >= 1

    assert watch.alerts[0].startswith("cap day: 85 of 100 texts, forecast ")
    assert watch.pages == []


def test_a_cap_that_holds_texts_pages_once_whatever_was_told_before(watch):
    watch.use(85)
    watch.look()
    watch.use(15)

    assert [watch.look({"held:daily_cap": 2}), watch.look({"held:daily_cap": 1})] == [1, 0]

    assert watch.pages == [
        "cap day: 100 of 100 texts; door codes and other information texts are HELD"
    ]


def test_texts_that_are_held_page_although_another_worker_gave_some_back(watch):
    watch.use(60)

    watch.look({"held:monthly_cap": 1})

    assert watch.pages == [
        "cap month: 60 of 5000 texts; door codes and other information texts are HELD"
    ]


def test_advertising_alerts_only_when_texts_were_put_off(watch):
    watch.use(10, "advertising")
    assert watch.look() == 0

    watch.look({"deferred:daily_cap": 3})
    watch.look({"suppressed:daily_cap": 1})

    assert watch.alerts == [
        "cap day_advertising: 10 of 10 texts; advertising waits for the next day"
    ]
    assert watch.pages == []


def test_an_alert_that_reached_nobody_is_repeated(watch):
    watch.use(100)
    watch.is_deaf = True
    assert watch.look() == 0
    watch.is_deaf = False

    assert watch.look() == 1
    assert len(watch.pages) == 1


def test_a_month_without_a_cap_has_a_line_too(watch):
    watch.use(3)
    caps = TextCaps(daily_text=100, daily_advertising=10)

    assert cap_line(watch.standings(caps)[CapName.MONTH]).startswith("cap month: 3 texts, forecast")
