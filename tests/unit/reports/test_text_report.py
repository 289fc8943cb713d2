"""Texts by store, kind and hour: what was accepted, what became of it, and nobody in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_sms.domain.booking import KST
from booking_sms.domain.price import Prices
from booking_sms.domain.sms_job import JobState
from booking_sms.ports import StoredJob, UnreadableItem
from booking_sms.reports.export import csv_of, frame_of, write_csv, write_parquet
from booking_sms.reports.page import page
from booking_sms.reports.plot import Bars, round_up
from booking_sms.reports.texts import COLUMNS, TextReport, count_texts, month_before, week_before
from booking_sms.testing import NOW, make_job, make_store_directory

pytestmark = pytest.mark.slow

PRICES = Prices(sms=Decimal(9), lms=Decimal("30.5"))
DAY = date(2026, 3, 2)
PHONE = "01000009999"


def ms(day: int, hour: int, minute: int = 0) -> int:
    return int(datetime(2026, 3, day, hour, minute, tzinfo=KST).timestamp() * 1000)


def sent(t0: int, state: JobState = JobState.DELIVERED, **fields):
    return StoredJob(job=make_job(t0=t0, state=state, attempt=1, to=PHONE, **fields))


def count(items: Sequence, first: date = DAY, last: date = DAY) -> TextReport:
    stores = make_store_directory("900101", "900102")
    return count_texts(items, stores, PRICES, first=first, last=last, now=NOW)


def test_a_text_counts_in_its_store_kind_and_hour():
    report = count([
        sent(ms(2, 9, 59)),
        sent(ms(2, 10, 0)),
        sent(ms(2, 10, 59), kind="confirm"),
        sent(ms(2, 10, 5), store_id="900102", message_type="SMS"),
    ])

    found = [(r.place.hour, r.alias, r.place.kind, r.accepted, r.krw) for r in report.rows]
    assert found == [
        (9, "s01", "guide", 1, Decimal("30.5")),
        (10, "s01", "confirm", 1, Decimal("30.5")),
        (10, "s01", "guide", 1, Decimal("30.5")),
        (10, "s02", "guide", 1, Decimal(9)),
    ]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (JobState.ACCEPTED, (1, 0, 0, 0)),
        (JobState.DELIVERED, (1, 1, 0, 0)),
        (JobState.UNDELIVERED, (1, 0, 1, 0)),
        (JobState.REJECTED, (0, 0, 0, 1)),
    ],
)
def test_what_became_of_a_text(state, expected):
    (row,) = count([sent(ms(2, 9), state)]).rows

    assert (row.accepted, row.delivered, row.undelivered, row.refused) == expected


@pytest.mark.parametrize(
    "state", sorted(set(JobState) - {"accepted", "delivered", "undelivered", "rejected"})
)
def test_what_sens_never_took_is_not_counted(state):
    assert count([sent(ms(2, 9), state)]).rows == ()


def test_notices_and_jobs_that_never_left_are_not_texts():
    never = StoredJob(job=make_job(state=JobState.REJECTED))

    assert count([sent(ms(2, 9), channel="slack"), never]).rows == ()


def test_days_are_korean_and_both_ends_belong():
    edges = [ms(1, 23, 59), ms(2, 0, 0), ms(3, 23, 59), ms(4, 0, 0)]

    report = count([sent(t0) for t0 in edges], DAY, date(2026, 3, 3))

    assert [row.place.day.day for row in report.rows] == [2, 3]
    assert report.days == [date(2026, 3, 2), date(2026, 3, 3)]


def test_an_item_that_is_no_job_is_counted_apart():
    item = UnreadableItem(booking_num="x", sort_key="y", reason="z")

    assert count([item, sent(ms(2, 9))]).as_dict()["unreadable"] == 1


@pytest.mark.parametrize("last", [date(2026, 3, 1), date(2027, 4, 1)])
def test_days_in_the_wrong_order_or_too_many_are_refused(last):
    with pytest.raises(ValueError, match="from 2026-03-02"):
        count([], DAY, last)


def test_the_week_and_the_month_before():
    monday = datetime(2026, 3, 9, 0, 30, tzinfo=KST)

    assert week_before(monday) == (date(2026, 3, 2), date(2026, 3, 8))
    assert month_before(monday.astimezone(UTC)) == (date(2026, 2, 1), date(2026, 2, 28))


places = st.tuples(
    st.integers(0, 23), st.sampled_from(["900101", "900102"]), st.sampled_from(["guide", "confirm"])
)


@given(st.lists(st.tuples(places, st.sampled_from(sorted(JobState))), max_size=40))
def test_the_totals_are_the_sum_of_the_rows(made):
    items = [sent(ms(2, h), JobState(s), store_id=i, kind=k) for (h, i, k), s in made]

    report = count(items)

    totals = report.totals()
    accepted = sum(s in {"accepted", "delivered", "undelivered"} for _, s in made)
    assert totals["accepted"] == accepted == sum(report.accepted_by("hour").values())
    assert totals["delivered"] + totals["undelivered"] <= totals["accepted"]
    assert totals["krw"] == accepted * 30.5


def week() -> TextReport:
    items = [
        sent(
            ms(2 + n % 7, (n * 5) % 24),
            store_id=f"90010{1 + n % 2}",
            kind=("guide", "confirm")[n % 3 == 0],
        )
        for n in range(60)
    ]
    return count(items, DAY, date(2026, 3, 8))


def test_the_csv_has_a_line_a_row_and_opens_in_excel(tmp_path):
    path = tmp_path / "texts.csv"
    write_csv(week(), path)

    assert path.read_bytes().startswith(b"\xef\xbb\xbfday,hour,store")
    lines = csv_of(week()).splitlines()
    assert len(lines) == 1 + len(week().rows)
    assert lines[1] == "2026-03-02,0,900101,s01,confirm,1,1,0,0,30.5"


@pytest.mark.slow
@pytest.mark.parametrize("report", [week(), count([])], ids=["a week", "empty"])
def test_parquet_says_what_the_rows_say(tmp_path, report):
    pytest.importorskip("pyarrow", reason="installed by requirements.lock")
    import pandas as pd

    path = tmp_path / "texts.parquet"
    write_parquet(report, path)
    read = pd.read_parquet(path)

    assert list(read.columns) == list(COLUMNS)
    assert read["accepted"].sum() == report.totals()["accepted"]
    assert str(read["day"].dtype).startswith("datetime64")
    pd.testing.assert_frame_equal(read, frame_of(report))


class Addresses(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.addresses += [value for name, value in attrs if name in {"src", "href", "srcset"}]


@pytest.mark.parametrize("report", [week(), count([])], ids=["a week", "empty"])
def test_the_page_opens_offline_and_names_nobody(report):
    html = page(report)
    found = Addresses()
    found.feed(html)

    assert found.addresses == []
    assert not found.tags & {"script", "link", "img", "iframe", "object", "form"}
    assert not re.search(r"https?://|url\(|@import", html)
    for secret in (PHONE, PHONE[-4:], "김시험"):
        assert secret not in html + csv_of(report)


def test_the_page_shows_the_figures():
    html = page(week())

    assert "<b>60</b>accepted" in html
    assert "<b>₩1,830</b>" in html
    assert html.count("<rect") == len(week().accepted_by("day", "kind")) + len(
        week().accepted_by("hour", "kind")
    )
    assert "No text was sent" in page(count([]))


@given(
    st.dictionaries(st.tuples(st.sampled_from("abc"), st.sampled_from("xy")), st.integers(0, 10**6))
)
def test_bars_stand_on_each_other_inside_the_plot(values):
    drawn = Bars("abc", "xy", values).drawn()

    assert len(drawn["bars"]) == sum(value > 0 for value in values.values())
    for bar in drawn["bars"]:
        assert bar["y"] >= 0
        assert bar["y"] + bar["height"] <= drawn["base"] + 0.2
    assert {one["name"]: one["total"] for one in drawn["legend"]} == {
        name: sum(n for (_, of), n in values.items() if of == name) for name in "xy"
    }


@pytest.mark.parametrize(("value", "top"), [(0, 4), (4, 4), (5, 8), (9, 12), (21, 24), (81, 120)])
def test_the_axis_ends_at_a_round_number(value, top):
    assert round_up(value) == top


def test_a_report_of_erased_days_says_so():
    def made(first: date) -> TextReport:
        stores, kept = make_store_directory("900101"), date(2026, 2, 1)
        return count_texts([], stores, PRICES, first=first, last=DAY, now=NOW, kept_since=kept)

    old, young = made(date(2026, 1, 31)), made(date(2026, 2, 1))

    assert (old.as_dict()["partly_erased"], young.as_dict()["partly_erased"]) == (True, False)
    assert "erased by age: of visits before 2026-02-01" in page(old)
    assert "erased by age" not in page(young)


def test_first_and_last_day_of_a_year_are_two():
    first, last = DAY, date(2027, 3, 2)
    at = datetime(2027, 3, 2, 12, tzinfo=KST)
    report = count([sent(ms(2, 12)), sent(round(at.timestamp() * 1000))], first, last)

    assert report.totals()["accepted"] == 2
    assert "2026-03-02" in page(report)
    assert "2027-03-02" in page(report)
    with pytest.raises(ValueError, match="a year at most"):
        count([], first, date(2027, 3, 3))
