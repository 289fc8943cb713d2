"""Planning store by store decides what planning everything at once decides, and keeps no store."""

import gc
import json
import weakref
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rule_world import CATALOG, INCLUDE, shop_secrets
from workflow_world import InMemoryApplication

from booking_sms.cli.run import run_window
from booking_sms.config.catalog_loader import load_catalog
from booking_sms.domain.booking import KST, Booking, BookingStatus
from booking_sms.domain.conditions import compile_rule
from booking_sms.domain.decision import WindowPlan
from booking_sms.domain.errors import FieldUnreadable, LedgerRowIncomplete
from booking_sms.domain.ledger import Ledger, LedgerRow, project_ledger
from booking_sms.domain.rule import RuleSet
from booking_sms.domain.rule_counts import add_up
from booking_sms.domain.window import Window
from booking_sms.pipeline.build import build_batch
from booking_sms.pipeline.history import History
from booking_sms.pipeline.plan import WindowPlanner, digest_number, plan_stores, plan_window
from booking_sms.testing import NOW, make_booking, make_job, make_ledger_row

CONFIRMED = {"type": "booking_status", "status": "confirmed"}
UNSENT = {"type": "flag_is_false", "flag": "remind_sms"}
AT_TWO = {"type": "current_hour", "hour": 14}
NOTICE = {"action": "send_telegram", "template": "short-message", "not_after": {"as_of": "1h"}}
TEXT = {
    "template": "guide",
    "message_class": "information",
    "not_after": {"visit_end": "0m"},
}
ROSTER = {
    "name": "roster",
    "kind": "roster",
    **NOTICE,
    "scope": "run",
    "occurrence": "per_day",
    "when": {"all": [AT_TWO, {"type": "before_visit"}]},
}
MIXED = RuleSet.model_validate({
    "name": "mixed",
    "rules": [
        {
            "name": "not-here",
            "kind": "welcome",
            **TEXT,
            "stores": ["900108"],
            "when": CONFIRMED,
        },
        {
            "name": "guide",
            "kind": "guide",
            "flag": "remind_sms",
            **TEXT,
            "when": {"all": [CONFIRMED, {"type": "booking_in_db"}, UNSENT]},
        },
        {
            "name": "costly",
            "kind": "thanks",
            **TEXT,
            "rollout": "store:900101",
            "when": {"all": [AT_TWO, {"type": "amount", "at_least": 9}]},
        },
        {
            "name": "late-hour",
            "kind": "evening",
            **TEXT,
            "when": {"all": [{"type": "current_hour", "hour": 20}, CONFIRMED]},
        },
        {
            "name": "line",
            "kind": "line",
            **NOTICE,
            "when": {"any": [{"type": "booking_cancelled"}, {"type": "has_pro_edit_option"}]},
        },
        ROSTER,
        {
            "name": "told-before",
            "kind": "told",
            **NOTICE,
            "scope": "run",
            "occurrence": "per_day",
            "when": {"all": [AT_TWO, CONFIRMED]},
        },
    ],
})  # fmt: skip
RULE_SETS = [MIXED, CATALOG.rules, load_catalog(INCLUDE, "recommended").rules]
STORES = ("900101", "900102", "900103")
BOOKINGS = st.builds(
    make_booking,
    store_id=st.sampled_from(STORES),
    booking_id=st.sampled_from(("1", "2", "3", "4")),
    starts_in=st.sampled_from([timedelta(minutes=m) for m in (-90, 0, 60, 120, 121, 1440)]),
    status=st.sampled_from(list(BookingStatus)),
    phone=st.sampled_from(("01000001234", "01000005678")),
    fields=st.sampled_from(({}, {"totalPrice": 10}, {"totalPrice": "much"})),
)
FLAGS = st.sampled_from((True, False, None, "missing"))


@st.composite
def rows(draw: st.DrawFn) -> LedgerRow:
    """A row of a pooled booking; its flags may be null or not there."""
    number = f"{draw(st.sampled_from(STORES))}_{draw(st.sampled_from('1234'))}"
    row = make_ledger_row(booking_num=number)
    item = dict(row.item)
    for flag in ("confirm_sms", "remind_sms", "option_sms"):
        value = draw(FLAGS)
        if value == "missing":
            del item[flag]
        else:
            item[flag] = value
    return replace(row, item=item)


TOLD = make_job(
    booking_num=digest_number(MIXED.rule("told-before")),
    kind="told",
    occurrence="day-20260302",
    channel="telegram",
    ledger=replace(make_job().ledger, phone=""),
)


def merged(plans: Iterator[WindowPlan]) -> WindowPlan:
    """The parts as one plan, by rows of their own: nothing of the product adds up here."""
    parts = list(plans)
    return replace(
        parts[0],
        decisions=tuple(each for part in parts for each in part.decisions),
        notices=tuple(each for part in parts for each in part.notices),
        failures=tuple(each for part in parts for each in part.failures),
        not_matched=dict(sum((Counter(part.not_matched) for part in parts), Counter())),
        rules=add_up(*(part.rules for part in parts)),
    )


def essence(plan: WindowPlan) -> dict[str, Any]:
    """What a plan says, without the order of stores: looks are numbered in another order."""
    return {
        "decisions": sorted(map(repr, (replace(each, position=0) for each in plan.decisions))),
        "failures": sorted(map(repr, (replace(each, position=0) for each in plan.failures))),
        "lines": sorted(repr(each) for each in plan.notices if each.store_id),
        "digests": [(each.number, each.bookings) for each in plan.notices if not each.store_id],
        "not_matched": dict(plan.not_matched),
        "rules": dict(plan.rules),
    }


@settings(max_examples=200, deadline=None)
@given(
    bookings=st.lists(BOOKINGS, max_size=12),
    known=st.lists(rows(), max_size=6),
    rules=st.sampled_from(RULE_SETS),
    order=st.permutations(STORES),
    hour=st.sampled_from((14, 20)),
)
@pytest.mark.slow
def test_any_split_by_store_decides_the_same(
    bookings: list[Booking], known: list[LedgerRow], rules: RuleSet, order: list[str], hour: int
) -> None:
    ledger = project_ledger(known, [TOLD])
    window = Window(NOW.replace(hour=hour))
    chunks = [[each for each in bookings if each.store_id == store] for store in order]
    in_order = [each for chunk in chunks for each in chunk]

    whole = plan_window(in_order, ledger, rules, CATALOG.stores, window)
    planner = WindowPlanner(rules, CATALOG.stores, window)
    parts = plan_stores(planner, ((chunk, ledger) for chunk in chunks), ledger)

    assert essence(merged(parts)) == essence(whole)


@settings(max_examples=100, deadline=None)
@given(
    bookings=st.lists(BOOKINGS, max_size=8, unique_by=lambda each: each.booking_num),
    known=st.lists(rows(), max_size=6),
    rules=st.sampled_from(RULE_SETS[:2]),
    hour=st.sampled_from((14, 20)),
)
def test_counters_are_those_of_asking_every_rule_for_every_booking(
    bookings: list[Booking], known: list[LedgerRow], rules: RuleSet, hour: int
) -> None:
    ledger, window = project_ledger(known, []), Window(NOW.replace(hour=hour))
    history = History(ledger, rules)
    asked: Counter[str] = Counter()
    missed: Counter[tuple[str, str]] = Counter()
    for booking in bookings:
        for compiled in map(compile_rule, rules.rules):
            asked[compiled.rule.name] += 1
            try:
                facts = history.facts(booking, window.as_of.astimezone(KST))
                missed[compiled.rule.name, compiled.first_failure(facts)] += 1
            except FieldUnreadable:
                continue
            except LedgerRowIncomplete:
                break

    plan = plan_window(bookings, ledger, rules, CATALOG.stores, window)

    expected = {f"{rule}: {label}": n for (rule, label), n in missed.items() if label}
    done_before = {"has a job", "already decided"}
    counted = {k: n for k, n in plan.not_matched.items() if k.split(": ")[1] not in done_before}
    assert counted == expected
    assert {name: counts.looked_at for name, counts in plan.rules.items()} == asked


def test_a_digest_tells_of_all_stores_once() -> None:
    bookings = [make_booking(store_id=store) for store in STORES]
    planner = WindowPlanner(MIXED, CATALOG.stores, Window(NOW))

    *_, last = plan_stores(planner, (([each], Ledger()) for each in bookings), Ledger())

    found = {notice.rule.name: notice.bookings for notice in last.notices}
    assert found == {"roster": tuple(bookings), "told-before": tuple(bookings)}


def test_a_digest_that_was_told_is_not_told_again() -> None:
    planner = WindowPlanner(MIXED, CATALOG.stores, Window(NOW))

    *_, last = plan_stores(planner, [([make_booking()], Ledger())], project_ledger([], [TOLD]))

    assert [notice.rule.name for notice in last.notices] == ["roster"]
    assert last.not_matched == {"told-before: has a job": 1}


@pytest.mark.parametrize("rules", [CATALOG.rules, load_catalog(INCLUDE, "recommended").rules])
@pytest.mark.slow
def test_no_store_is_kept_while_the_next_one_is_read(rules: RuleSet) -> None:
    earlier: list[weakref.ref[Booking]] = []

    def chunks() -> Iterator[tuple[list[Booking], Ledger]]:
        for store in STORES:
            gc.collect()
            assert [each() for each in earlier] == [None] * len(earlier)
            bookings = [make_booking(store_id=store, booking_id=str(n)) for n in range(3)]
            earlier.extend(map(weakref.ref, bookings))
            yield bookings, Ledger()
            del bookings

    batch = build_batch(
        plan_stores(WindowPlanner(rules, CATALOG.stores, Window(NOW)), chunks(), Ledger()),
        Window(NOW),
        replace(CATALOG, rules=rules),
        shop_secrets(),
        hmac_key=b"digest",
        code_version="test",
        now=NOW,
    )

    assert len(batch.jobs) == 18
    assert {name: counts.looked_at for name, counts in batch.rules.items()} == dict.fromkeys(
        [rule.name for rule in rules.rules], 9
    )
    assert sum(counts.planned for counts in batch.rules.values()) == 18


def test_the_main_job_posts_a_digest_of_all_stores_once_a_day() -> None:
    app = InMemoryApplication()
    roster = {**ROSTER, "action": "log_event", "template": ""}
    rules = RuleSet.model_validate({"name": "one", "rules": [roster]})
    app.__dict__["_catalog"] = replace(app.catalog(), rules=rules)
    for store in STORES:
        app.source.put(make_booking(store_id=store))

    first = run_window(app, Window(NOW))
    app.clock.set(NOW + timedelta(minutes=20))
    second = run_window(app, Window(NOW + timedelta(minutes=20)))

    (job,) = app.jobs.jobs
    assert json.loads(app.bodies.get(job.body_sha)) == {"rule": "roster", "bookings": 3}
    assert first["planned"]["rules"]["roster"]["planned"] == 1
    assert second["planned"]["rules"]["roster"]["missed"] == {"has a job": 1}
    assert second["planned"]["rules"]["roster"]["looked_at"] == 3
