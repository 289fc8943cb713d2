"""Nine criteria: each passes on its own evidence, fails on a bad value, and says what it lacks."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from readiness_world import (
    CAMPAIGN,
    CODE,
    GOOD,
    LIMIT,
    MEASURED,
    NEEDED_BY,
    RULES,
    SIDES,
    START,
    artifact,
    changed,
    evidence,
    modes,
    readiness,
    verdicts,
)

from booking_sms.readiness.checks import Criterion, Verdict
from booking_sms.readiness.criteria import measure
from booking_sms.readiness.evidence import InUse
from booking_sms.testing import NOW

ALL = (
    "full_parity",
    "zero_critical",
    "sms_parity",
    "dynamodb_parity",
    "telegram_parity",
    "slack",
    "metrics",
    "comparison_mode",
    "msc1",
)
BAD = [
    ("full_parity", "golden_parity", "scenarios", 0),
    ("full_parity", "golden_parity", "match_percentage", 99.99),
    ("full_parity", "golden_parity", "unexplained", 1),
    ("full_parity", "golden_parity", "vacuous", ["sms"]),
    ("full_parity", "shadow", "windows", 0),
    ("full_parity", "shadow", "compared", 0),
    ("full_parity", "shadow", "legacy_items", 0),
    ("full_parity", "shadow", "candidate_items", 0),
    ("full_parity", "shadow", "unexplained", 1),
    ("full_parity", "shadow", "vacuous", ["guide"]),
    ("full_parity", "shadow", "days_without_mismatch", 6.99),
    ("full_parity", "mutation", "kinds", 39),
    ("full_parity", "mutation", "killed", 0),
    ("full_parity", "mutation", "killed", 59),
    ("full_parity", "mutation", "survived", 1),
    ("zero_critical", "golden_parity", "critical", 1),
    ("zero_critical", "shadow", "unexplained", 1),
    ("sms_parity", "golden_parity", "sms.expected", 0),
    ("sms_parity", "golden_parity", "sms.actual", 0),
    ("sms_parity", "golden_parity", "sms.mismatches", 1),
    ("sms_parity", "shadow", "channels.sms.mismatches", 1),
    ("dynamodb_parity", "golden_parity", "writes.mismatches", 1),
    ("dynamodb_parity", "golden_parity", "writes.actual", 0),
    ("dynamodb_parity", "golden_parity", "ledger.mismatches", 1),
    ("dynamodb_parity", "golden_parity", "ledger.expected", 0),
    ("dynamodb_parity", "shadow", "channels.db.mismatches", 1),
    ("telegram_parity", "golden_parity", "telegram.mismatches", 1),
    ("telegram_parity", "golden_parity", "telegram.actual", 0),
    ("slack", "notices", "slack_configured", False),
    ("slack", "notices", "sent", 0),
    ("slack", "notices", "failed", 1),
    ("metrics", "metrics", "published", 0),
    ("metrics", "metrics", "failed", 1),
    ("metrics", "metrics", "dashboard_verified", False),
    ("metrics", "thresholds", "measures", []),
    ("metrics", "thresholds", "measures.0.ok", False),
]


def criterion(name: str, **instead: object) -> Criterion:
    found = {one.name: one for one in readiness(**instead).criteria}
    return found[name]


def of_values(kind: str, path: str, value: object) -> dict[str, object]:
    document = changed(kind)
    for part in ("sms", "writes", "ledger", "telegram"):
        if kind == "golden_parity":
            document[part] = dict(SIDES)
    if kind == "shadow":
        document["channels"] = {"sms": dict(SIDES), "db": dict(SIDES)}
    *way, last = path.split(".")
    place = document
    for step in way:
        place = place[int(step)] if step.isdigit() else place[step]
    place[last] = value
    return document


def test_all_nine_pass_on_good_evidence():
    found = readiness()

    assert verdicts(found) == dict.fromkeys(ALL, "PASS")
    assert (found.passed, found.document()["total"]) == (9, 9)


@pytest.mark.parametrize(("name", "kind", "path", "value"), BAD)
def test_a_bad_value_fails_its_criterion_and_is_told(name, kind, path, value):
    found = criterion(name, **{kind: of_values(kind, path, value)})

    assert found.verdict is Verdict.FAIL
    assert any("required" in reason for reason in found.reasons)


@pytest.mark.parametrize(
    ("name", "kind", "path"),
    sorted({(name, kind, path) for name, kind, path, _ in BAD if path != "measures"}),
)
def test_a_value_that_nobody_measured_is_unmeasured(name, kind, path):
    found = criterion(name, **{kind: of_values(kind, path, None)})

    assert found.verdict is Verdict.UNMEASURED
    assert any("not measured" in reason for reason in found.reasons)


@pytest.mark.parametrize("kind", GOOD)
def test_without_its_evidence_a_criterion_is_unmeasured_and_no_other(kind):
    found = verdicts(readiness(**{kind: None}))

    assert {name for name, verdict in found.items() if verdict != "PASS"} == NEEDED_BY[kind]
    assert set(found.values()) == {"PASS", "UNMEASURED"}


def test_a_channel_is_judged_by_its_own_counts():
    spoiled = changed("golden_parity", telegram={**SIDES, "mismatches": 2})

    failing = [name for name, verdict in verdicts(readiness(golden_parity=spoiled)).items()
               if verdict != "PASS"]  # fmt: skip

    assert failing == ["telegram_parity"]


def test_a_bare_number_of_mismatches_says_nothing_of_the_sides():
    shadow = changed("shadow", channels={"sms": 0, "db": 0})

    assert criterion("sms_parity", shadow=shadow).verdict is Verdict.UNMEASURED


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ({"equal": 40, "mismatches": 0, "explained": 2}, "PASS"),
        ({"equal": 0, "mismatches": 0, "explained": 0}, "FAIL"),
        ({"equal": 40, "mismatches": 1, "explained": 0}, "FAIL"),
        (None, "UNMEASURED"),
    ],
)
def test_pairs_stand_on_both_sides(counts, verdict):
    shadow = changed("shadow", channels={"sms": counts, "db": counts})

    assert str(criterion("sms_parity", shadow=shadow).verdict) == verdict
    assert str(criterion("dynamodb_parity", shadow=shadow).verdict) == verdict


def test_telegram_says_that_it_is_not_seen_live():
    assert "cannot be observed" in criterion("telegram_parity").note


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.parametrize(
    ("spoiled", "reason"),
    [
        ({"rule_set": "ffffffffffff"}, "rule set ffffffffffff"),
        ({"rule_set": None}, "does not say its rule set"),
        ({"code_version": "0.9.0"}, "code 0.9.0"),
        ({"code_version": None}, "does not say its code"),
        ({"ran_at": (START - timedelta(seconds=1)).isoformat()}, "older than the campaign"),
        ({"ran_at": (NOW + timedelta(seconds=1)).isoformat()}, "from the future"),
        ({"ran_at": "2026-03-02T13:00:00"}, "cannot be read: ran_at"),
    ],
)
def test_evidence_about_something_else_is_unmeasured(kind, spoiled, reason):
    found = readiness(**{kind: changed(kind, **spoiled)})

    told = [one for one in found.criteria if one.verdict is Verdict.UNMEASURED]
    assert {one.name for one in told} == NEEDED_BY[kind]
    assert any(reason in line for one in told for line in one.reasons)


@pytest.mark.parametrize(
    ("kind", "spoiled", "reason"),
    [
        ("golden_parity", {"dataset": {"version": 2, "sha256": "d" * 64}}, "dataset 2"),
        ("golden_parity", {"dataset": {"version": 3, "sha256": "e" * 64}}, "dataset sha256"),
        ("golden_parity", {"dataset": {}}, "does not say its dataset"),
        ("shadow", {"campaign": "validation-other"}, "campaign validation-other"),
        ("shadow", {"campaign": None}, "does not say its campaign"),
    ],
)
def test_another_dataset_or_campaign_is_unmeasured(kind, spoiled, reason):
    found = criterion("full_parity", **{kind: changed(kind, **spoiled)})

    assert found.verdict is Verdict.UNMEASURED
    assert any(reason in line for line in found.reasons)


def test_a_long_campaign_needs_evidence_of_its_last_days():
    old = CAMPAIGN.model_copy(update={"start": START - timedelta(days=30)})
    measured = measure(evidence(campaign=old, now=MEASURED + timedelta(days=8, hours=1)), modes())

    assert "older than 8 days" in str([one.reasons for one in measured.criteria])
    assert measured.passed == 1  # the mode is looked at now


@pytest.mark.parametrize("in_use", [InUse(rule_set="new", code_version=CODE),
                                    InUse(rule_set=RULES, code_version="2.0")])  # fmt: skip
def test_what_would_go_live_has_to_be_what_was_validated(in_use):
    assert measure(evidence(in_use=in_use), modes()).passed == 1


def test_a_broken_newest_version_does_not_bring_back_the_one_before():
    broken = artifact("metrics.json", '{"kind": "metrics", ', MEASURED + timedelta(minutes=1))
    found = {one.name: one for one in measure(evidence(broken), modes()).criteria}

    assert found["metrics"].verdict is Verdict.UNMEASURED
    assert "unreadable: metrics.json" in str(found["metrics"].reasons)


@pytest.mark.parametrize("kind", ["notices", "metrics"])
def test_a_failure_earlier_in_the_campaign_is_not_undone(kind):
    earlier = START + timedelta(days=1)
    bad = artifact(f"{kind}.json",
                   json.dumps(changed(kind, failed=3, ran_at=earlier.isoformat())),
                   earlier)  # fmt: skip
    before = artifact(f"{kind}.json",
                      json.dumps(changed(kind, failed=3,
                                         ran_at=(START - timedelta(days=1)).isoformat())),
                      START - timedelta(days=1))  # fmt: skip
    name = "slack" if kind == "notices" else kind

    assert verdicts(measure(evidence(bad), modes()))[name] == "FAIL"
    assert verdicts(measure(evidence(before), modes()))[name] == "PASS"


def test_a_limit_without_a_value_is_unmeasured():
    thresholds = changed("thresholds", measures=[LIMIT, {**LIMIT, "value": None}])

    assert criterion("metrics", thresholds=thresholds).verdict is Verdict.UNMEASURED


AT = START + timedelta(days=2)
BEFORE = START - timedelta(days=2)


@pytest.mark.parametrize(
    ("now", "changes", "verdict"),
    [
        ("comparison", [], "PASS"),
        ("comparison", [(BEFORE, "mode", "comparison"), (AT, "mode", "comparison")], "PASS"),
        ("comparison", [(BEFORE, "mode", "live"), (BEFORE, "mode", "comparison")], "PASS"),
        ("comparison", [(AT, "kill#all", "on")], "PASS"),
        ("live", [], "FAIL"),
        ("off", [], "FAIL"),
        ("comparison", [(BEFORE, "mode", "live"), (AT, "mode", "comparison")], "FAIL"),
        ("comparison", [(AT, "mode", "live"), (NOW, "mode", "comparison")], "FAIL"),
        ("comparison", [(AT, "mode#900101", "off")], "FAIL"),
        ("comparison", [(AT, "mode", "comparison")], "UNMEASURED"),
    ],
)
def test_comparison_mode_now_and_throughout(now, changes, verdict):
    assert verdicts(measure(evidence(), modes(now, *changes)))["comparison_mode"] == verdict


@pytest.mark.parametrize("kind", ["golden_parity", "notices"])
def test_the_minimum_follows_from_its_three(kind):
    assert criterion("msc1", **{kind: None}).verdict is Verdict.UNMEASURED
    failed = changed("notices", failed=1)
    assert criterion("msc1", notices=failed).verdict is Verdict.FAIL


def test_a_criterion_names_its_artifacts_with_their_checksums():
    sources = criterion("full_parity").document()["evidence"]

    assert [source.split(" ")[0] for source in sources] == [
        "golden_parity.json",
        "shadow.json",
        "mutation.json",
    ]
    assert all(len(source.split("sha256:")[1]) == 64 for source in sources)
