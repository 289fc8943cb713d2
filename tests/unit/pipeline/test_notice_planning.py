"""Which notices a window makes, and what colleagues may read in them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rule_world import CATALOG, shop_secrets

from booking_sms.domain.booking import KST, Booking, BookingOption, BookingStatus
from booking_sms.domain.catalog import Catalog
from booking_sms.domain.decision import WindowPlan
from booking_sms.domain.ledger import Ledger, project_ledger
from booking_sms.domain.masking import mask_name
from booking_sms.domain.rule import Action, Rule, RuleSet
from booking_sms.domain.sms_job import JobState, SmsJob
from booking_sms.domain.template import MessageTemplate
from booking_sms.domain.window import Window
from booking_sms.pipeline.build import build_jobs
from booking_sms.pipeline.job_batch import JobBatch
from booking_sms.pipeline.plan import plan_window
from booking_sms.testing import NOW, make_booking

ROSTER = (
    "명단 {{ count }}건\n{% for b in bookings %}{{ b.name }} {{ b.phone_masked }}\n{% endfor %}"
)
DIGEST: dict[str, Any] = {
    "name": "roster-daily",
    "action": "send_slack",
    "scope": "run",
    "occurrence": "per_day",
    "kind": "roster",
    "template": "roster",
    "when": {"type": "booking_status", "status": "confirmed"},
    "not_after": {"as_of": "3h"},
}
LINE: dict[str, Any] = {
    "name": "tell-each",
    "action": "send_telegram",
    "kind": "each",
    "template": "each",
    "when": {"type": "booking_status", "status": "confirmed"},
    "not_after": {"visit_end": "0m"},
}


def catalog_of(*rules: dict[str, Any], **texts: str) -> Catalog:
    texts = {"roster": ROSTER, "each": "{{ store.alias }} {{ booking.name }}", **texts}
    templates = {
        name: MessageTemplate(name=name, subject="", text=text, form="notice")
        for name, text in texts.items()
    }
    return replace(
        CATALOG,
        rules=RuleSet.model_validate({"name": "mine", "rules": rules}),
        messages=replace(CATALOG.messages, templates=templates),
    )


def plan(
    catalog: Catalog, *bookings: Booking, as_of: datetime = NOW, jobs: tuple[SmsJob, ...] = ()
) -> WindowPlan:
    ledger = project_ledger([], jobs) if jobs else Ledger()
    return plan_window(bookings, ledger, catalog.rules, catalog.stores, Window(as_of))


def build(catalog: Catalog, plan: WindowPlan, now: datetime = NOW, totals: Any = dict) -> JobBatch:
    secrets = shop_secrets()
    return build_jobs(
        plan,
        catalog,
        secrets,
        hmac_key=b"test-key-of-nobody",
        code_version="test",
        now=now,
        day_totals=totals,
    )


def customers(number: int) -> list[Booking]:
    return [make_booking(booking_id=str(n), phone=f"0100000{n:04}") for n in range(number)]


# --- which -----------------------------------------------------------------------------------


def test_a_digest_is_one_notice_of_all_that_match_at_all_stores() -> None:
    others = [
        make_booking(store_id="900102"),
        make_booking(booking_id="9", status=BookingStatus.CANCELLED),
    ]

    found = plan(catalog_of(DIGEST), *customers(3), *others)

    (notice,) = found.notices
    assert (notice.number, notice.occurrence) == ("digest#roster-daily", "day-20260302")
    assert len(notice.bookings) == 4
    assert (found.decisions, found.ledger_after.rows) == ((), {})


def test_a_digest_that_finds_nobody_says_nothing() -> None:
    assert plan(catalog_of(DIGEST)).notices == ()


def test_a_digest_comes_once_a_day_whoever_is_on_it() -> None:
    catalog = catalog_of(DIGEST)
    ((first, _),) = build(catalog, plan(catalog, *customers(2))).jobs

    again = plan(catalog, *customers(3), as_of=NOW + timedelta(minutes=20), jobs=(first,))
    tomorrow = plan(catalog, *customers(3), as_of=NOW + timedelta(days=1), jobs=(first,))

    assert again.notices == ()
    assert again.not_matched == {"roster-daily: has a job": 1}
    assert len(tomorrow.notices) == 1


def test_a_line_about_a_booking_comes_once_also_after_the_phone_changed() -> None:
    catalog = catalog_of(LINE)
    booking = make_booking()
    ((job, _),) = build(catalog, plan(catalog, booking)).jobs
    assert (job.booking_num, job.store_id, job.channel) == (
        booking.booking_num,
        booking.store_id,
        "telegram",
    )

    assert plan(catalog, replace(booking, phone="01000009999"), jobs=(job,)).notices == ()


def test_a_notice_is_no_text_to_the_customer() -> None:
    """The booking stays new: LEGACY's row, and rules that ask for it, know nothing of notices."""
    catalog = catalog_of({**LINE, "when": {"type": "booking_not_in_db"}, "occurrence": "per_day"})
    ((job, _),) = build(catalog, plan(catalog, make_booking())).jobs

    tomorrow = plan(catalog, make_booking(), as_of=NOW + timedelta(days=1), jobs=(job,))

    assert len(tomorrow.notices) == 1


def test_in_shadow_it_is_counted_and_not_made() -> None:
    catalog = catalog_of({**DIGEST, "rollout": "shadow"})

    batch = build(catalog, plan(catalog, *customers(2)))

    assert (batch.jobs, batch.outcomes) == ((), {"shadow": 1})


def test_an_old_plan_waits_for_approval_like_any_text() -> None:
    catalog = catalog_of(DIGEST)
    ((job, _),) = build(catalog, plan(catalog, *customers(1)), now=NOW + timedelta(hours=2)).jobs

    assert (job.state, job.reason) == (JobState.HELD, "awaiting_approval")


@pytest.mark.parametrize(
    ("active", "as_of", "counts"),
    [
        ({"from": "2026-03-02"}, NOW, True),
        ({"from": "2026-03-03"}, NOW, False),
        ({"to": "2026-03-02"}, NOW.replace(hour=23, minute=40), True),
        ({"to": "2026-03-02"}, NOW.replace(day=3, hour=0), False),
        ({"weekdays": ["mon"]}, NOW, True),
        ({"weekdays": ["tue", "sun"]}, NOW, False),
    ],
)
def test_a_rule_counts_on_its_days_only(active: Any, as_of: datetime, counts: bool) -> None:
    catalog = catalog_of({**DIGEST, "active": active})

    assert bool(plan(catalog, *customers(1), as_of=as_of).notices) is counts


# --- identity across edits ------------------------------------------------------------------


def test_a_renamed_kind_texts_nobody_twice() -> None:
    rule = {**LINE, "kind": "new_name", "formerly": ["each"]}
    old = _told("each", "once")

    assert plan(catalog_of(LINE | {"kind": "new_name"}), make_booking(), jobs=(old,)).notices
    assert plan(catalog_of(rule), make_booking(), jobs=(old,)).notices == ()


@pytest.mark.parametrize(("effective_from", "told"), [("15:00", 0), ("13:00", 1), (None, 1)])
def test_a_changed_occurrence_counts_what_was_sent_before(
    effective_from: str | None, told: int
) -> None:
    rule = {**LINE, "occurrence": "per_day"}
    if effective_from:
        rule["effective_from"] = f"2026-03-02T{effective_from}:00+09:00"
    old = _told("each", "once")  # decided at 14:00

    found = plan(catalog_of(rule), make_booking(), as_of=NOW + timedelta(hours=1), jobs=(old,))

    assert len(found.notices) == told


def _told(kind: str, occurrence: str) -> SmsJob:
    catalog = catalog_of({**LINE, "kind": kind})
    ((job, _),) = build(catalog, plan(catalog, make_booking())).jobs
    return job.evolve(occurrence=occurrence)


# --- what is in it ---------------------------------------------------------------------------


def test_nothing_personal_is_in_the_text_or_on_the_job() -> None:
    catalog = catalog_of(
        DIGEST,
        roster="{% for b in bookings %}{{ b | string }}{{ b.quantity('보정') }}{% endfor %}",
    )
    booking = make_booking(
        name="남궁카나리아",
        phone="01000004321",
        options=(BookingOption(name="전문가 보정", quantity=3),),
        fields={"email": "canary@example.com"},
    )

    ((job, text),) = build(catalog, plan(catalog, booking)).jobs

    everything = text + repr(job) + job.sort_key + job.booking_num
    assert "남****아" in text
    assert "010-****-4321" in text
    for canary in ("남궁카나리아", "01000004321", "010-0000-4321", "canary@example.com"):
        assert canary not in everything
    assert text.endswith("3")


@pytest.mark.parametrize(
    "source",
    [
        "{{ bookings[0].phone }}",
        "{{ bookings[0] }}",
        "{{ bookings[0].fields }}",
        "{{ bookings[0].quantity.__globals__ }}",
        "{{ bookings[0].quantity.__closure__ }}",
        "{{ nobody.knows }}",
        "{{ 1 / 0 }}",
        "   ",
    ],
)
def test_what_a_template_may_not_or_cannot_say_holds_the_notice(source: str) -> None:
    catalog = catalog_of(DIGEST, roster=source)

    ((job, text),) = build(catalog, plan(catalog, *customers(1))).jobs

    assert (job.state, text) == (JobState.HELD, "")
    assert job.reason.startswith("TextUnresolved template=roster")
    assert "0100000" not in job.reason


def test_a_log_event_names_ids_only() -> None:
    rule = {**LINE, "action": "log_event", "template": ""}
    catalog = catalog_of(rule)

    ((job, text),) = build(catalog, plan(catalog, make_booking())).jobs

    assert job.channel == "log"
    assert json.loads(text) == {
        "rule": "tell-each",
        "bookings": 1,
        "booking_num": "900101_7000000001",
        "store_id": "900101",
    }


def test_the_days_figures_are_worked_out_only_where_a_text_names_them() -> None:
    asked: list[int] = []

    def totals() -> Mapping[str, Any]:
        asked.append(1)
        return {"sent": 7, "held": 1}

    plain = catalog_of(DIGEST)
    build(plain, plan(plain, *customers(1)), totals=totals)
    assert asked == []
    summary = catalog_of(DIGEST, roster="{{ day.sent }} {{ day.held }}")
    ((_, text),) = build(summary, plan(summary, *customers(1)), totals=totals).jobs

    assert (text, asked) == ("7 1", [1])


@given(st.text(min_size=1, max_size=20).filter(lambda name: len(name.strip()) > 1))
def test_a_masked_name_keeps_at_most_its_ends(name: str) -> None:
    letters, masked = name.strip(), mask_name(name)

    assert len(masked) == len(letters)
    assert masked[0] == letters[0]
    assert set(masked[1:-1]) <= {"*"}


@pytest.mark.parametrize(
    ("name", "masked"),
    [("김별빛", "김*빛"), ("김별", "김*"), ("김", "김*"), ("남궁별빛", "남**빛")],
)
def test_masked_names(name: str, masked: str) -> None:
    assert mask_name(name) == masked


# --- what the model refuses ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "change", "said"),
    [
        (
            DIGEST,
            {"action": "send_sms", "message_class": "information"},
            "scope run is for notices",
        ),
        (DIGEST, {"message_class": "advertising"}, "message_class advertising: for send_sms only"),
        (DIGEST, {"store_specific_sender": True}, "store_specific_sender: for send_sms only"),
        (DIGEST, {"doubt_policy": {"resend_at": 30}}, "doubt_policy: for send_sms only"),
        (DIGEST, {"not_after": {"visit_end": "0m"}}, "not_after takes as_of only"),
        (DIGEST, {"occurrence": "per_start"}, "occurrence is once or per_day"),
        (DIGEST, {"occurrence": None}, "say occurrence"),
        (DIGEST, {"template": ""}, "give the template"),
        (DIGEST, {"out_of_hours": "drop"}, "out_of_hours needs allowed_hours"),
        (DIGEST, {"active": {}}, "give from, to, weekdays"),
        (DIGEST, {"active": {"from": "2026-03-02", "to": "2026-03-01"}}, "lies before the first"),
        (LINE, {"kind": "guide"}, "set the flag"),
        (LINE, {"action": "send_sms"}, "say message_class"),
    ],
)
def test_what_makes_no_sense_is_refused(
    base: dict[str, Any], change: dict[str, Any], said: str
) -> None:
    merged = {name: value for name, value in {**base, **change}.items() if value is not None}

    with pytest.raises(ValueError, match=said):
        Rule.model_validate(merged)


def test_two_rules_of_a_kind_go_the_same_way() -> None:
    other = {**DIGEST, "name": "other", "action": "send_telegram"}

    with pytest.raises(ValueError, match="differ in action"):
        RuleSet.model_validate({"name": "mine", "rules": [DIGEST, other]})


def test_actions_name_their_channels() -> None:
    assert [action.channel for action in Action] == ["sms", "telegram", "slack", "log"]


def test_the_days_of_a_rule_are_korean_days() -> None:
    rule = Rule.model_validate({**DIGEST, "active": {"from": "2026-03-02", "to": "2026-03-02"}})
    assert rule.active is not None
    assert rule.active.from_ == date(2026, 3, 2)

    early_in_korea = datetime(2026, 3, 2, 0, 0, tzinfo=KST)
    assert rule.active.contains(early_in_korea)
    assert not rule.active.contains(early_in_korea - timedelta(minutes=1))
