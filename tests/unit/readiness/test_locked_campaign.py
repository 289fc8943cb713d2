"""A campaign's metadata: what was locked, or a refusal that says what is missing."""

from __future__ import annotations

import pytest
from readiness_world import CODE, DATASET, ID, RULES, START

from booking_sms.domain.errors import ActionRefused
from booking_sms.readiness.campaign import read_campaign

STORED = {
    "campaign": ID,
    "started_at": START.isoformat(),
    "rule_set": "legacy",
    "rules_digest": RULES,
    "code_version": CODE,
    "dataset": DATASET,
}


def test_the_digest_is_what_is_locked_and_not_the_name():
    found = read_campaign(ID, STORED)

    assert (found.id, found.start, found.rule_set) == (ID, START, RULES)
    assert found.dataset.model_dump() == DATASET


def test_a_dataset_may_be_a_bare_version():
    found = read_campaign(ID, {**STORED, "dataset": None, "dataset_version": 7})

    assert found.dataset.version == 7


@pytest.mark.parametrize("name", ["started_at", "code_version"])
def test_what_is_not_locked_is_refused(name):
    with pytest.raises(ActionRefused, match="the campaign lacks"):
        read_campaign(ID, {**STORED, name: None})


def test_a_start_without_a_zone_is_refused():
    with pytest.raises(ActionRefused, match="lacks: "):
        read_campaign(ID, {**STORED, "started_at": "2026-03-02T14:00:00"})


def test_an_unknown_campaign_is_refused():
    with pytest.raises(ActionRefused, match="no such campaign"):
        read_campaign(ID, None)
