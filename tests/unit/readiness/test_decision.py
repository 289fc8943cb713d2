"""GO takes everything: one thing that is missing, failing or unsigned is a NO_GO that says so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from readiness_world import GOOD, OPTIONAL, changed, packed, readiness, signed

from booking_sms.domain.errors import ActionRefused
from booking_sms.readiness.checks import Check
from booking_sms.readiness.decision import ROLES, Decision, SignOff, decide

MANIFEST = packed(*OPTIONAL)
HASH = MANIFEST["package_hash"]
NINE = range(9)


def test_go_takes_everything():
    found = decide(readiness(), MANIFEST, signed(HASH))

    assert (found.decision, found.reasons, found.confidence) == ("GO", (), 1.0)
    assert any("24 hours" in one for one in found.recommendations)
    assert any("under 5 minutes" in one for one in found.recommendations)
    assert Decision.read(found.document()) == found


@pytest.mark.parametrize("number", NINE)
@pytest.mark.parametrize("ok", [False, None])
def test_any_one_criterion_is_enough_for_a_no(number, ok):
    measured = readiness()
    spoiled = replace(measured.criteria[number], checks=(
        *measured.criteria[number].checks, Check(what="w", required="r", ok=ok)))  # fmt: skip
    criteria = (*measured.criteria[:number], spoiled, *measured.criteria[number + 1 :])

    found = decide(replace(measured, criteria=criteria), MANIFEST, signed(HASH))

    assert found.decision == "NO_GO"
    assert found.reasons[0].startswith(f"{spoiled.name} {'UNMEASURED' if ok is None else 'FAIL'}")
    assert (found.passed, found.confidence) == (8, round(8 / 9, 4))
    assert f"{spoiled.name}: {spoiled.remedy}" in found.recommendations


def test_criteria_without_a_check_or_none_at_all_are_a_no():
    measured = readiness()
    blank = replace(measured.criteria[0], checks=())

    for criteria in ((), (blank, *measured.criteria[1:])):
        found = decide(replace(measured, criteria=criteria), MANIFEST, signed(HASH))
        assert found.decision == "NO_GO"


@pytest.mark.parametrize("kind", GOOD)
def test_without_any_one_evidence_it_is_a_no(kind):
    manifest = packed(*OPTIONAL, **{kind: None})

    found = decide(readiness(**{kind: None}), manifest, signed(manifest["package_hash"]))

    assert found.decision == "NO_GO"
    assert any("the package lacks" in reason for reason in found.reasons)
    assert any("UNMEASURED" in reason for reason in found.reasons)


def test_an_incomplete_package_is_a_no_though_all_criteria_pass():
    manifest = packed()

    found = decide(readiness(), manifest, signed(manifest["package_hash"]))

    assert (found.decision, found.passed) == ("NO_GO", 9)


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_to_sign(role):
    without = {name: one for name, one in signed(HASH).items() if name != role}

    assert decide(readiness(), MANIFEST, without).reasons == (f"{role}: not signed",)


@pytest.mark.parametrize("role", ROLES)
def test_a_rejection_is_a_no_with_its_reason(role):
    found = decide(readiness(), MANIFEST, signed(HASH, **{role: "guide text is old"}))

    assert found.reasons == (f"{role}: rejected by {role} person: guide text is old",)


def test_a_changed_package_voids_every_sign_off():
    manifest = packed(*OPTIONAL, metrics=changed("metrics", published=901))

    found = decide(readiness(), manifest, signed(HASH))

    assert found.reasons == tuple(f"{role}: signed another package: sign again" for role in ROLES)


def test_a_doctored_file_is_a_no():
    found = decide(readiness(), MANIFEST, signed(HASH), ["shadow.json: not what was packed"])

    assert (found.decision, found.reasons) == ("NO_GO", ("shadow.json: not what was packed",))


def test_a_sign_off_is_read_back_as_it_was():
    for one in signed(HASH, QA="no").values():
        assert SignOff.read(one.document()) == one


@pytest.mark.parametrize(
    "wrong", [{"role": "intern"}, {"by": " "}, {"package_hash": ""}], ids=["role", "name", "hash"]
)
def test_a_sign_off_has_a_known_role_a_name_and_a_package(wrong):
    with pytest.raises(ActionRefused):
        replace(signed(HASH)["QA"], **wrong)
