"""Evidence is kept by version, and no version is ever replaced."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from booking_sms.adapters.stage.evidence import StagedEvidence
from booking_sms.adapters.stage.local import FilePayloadStage
from booking_sms.domain.errors import PayloadConflict
from booking_sms.ports import EvidenceStore
from booking_sms.testing import NOW, InMemoryEvidenceStore

CAMPAIGN, NAME = "validation-20260302", "golden_parity.json"
LATER = NOW + timedelta(microseconds=1)


@pytest.fixture(params=["memory", "folder", pytest.param("bucket", marks=pytest.mark.slow)])
def evidence(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EvidenceStore]:
    if request.param == "memory":
        yield InMemoryEvidenceStore()
    elif request.param == "folder":
        yield StagedEvidence(FilePayloadStage(f"file://{tmp_path}/evidence"))
    else:
        yield from in_a_bucket()


def in_a_bucket() -> Iterator[EvidenceStore]:
    import boto3
    from moto import mock_aws

    from booking_sms.adapters.stage.bucket import S3PayloadStage

    with mock_aws():
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        client = boto3.client("s3", region_name="us-east-1", **keys)
        client.create_bucket(Bucket="stage")
        yield StagedEvidence(S3PayloadStage("s3://stage/evidence", client))


def test_what_was_put_comes_back_with_its_checksum(evidence):
    put = evidence.put(CAMPAIGN, NAME, "예약 228", at=NOW)

    assert evidence.get(CAMPAIGN, NAME) == put
    assert (put.content, put.at, len(put.sha256)) == ("예약 228", NOW, 64)


def test_the_newest_version_wins_and_the_others_stay(evidence):
    evidence.put(CAMPAIGN, NAME, "second", at=LATER)
    evidence.put(CAMPAIGN, NAME, "first", at=NOW)

    assert evidence.get(CAMPAIGN, NAME).content == "second"
    assert evidence.get(CAMPAIGN, NAME, NOW).content == "first"
    assert evidence.versions(CAMPAIGN, NAME) == (NOW, LATER)


def test_a_version_is_never_overwritten(evidence):
    evidence.put(CAMPAIGN, NAME, "first", at=NOW)
    evidence.put(CAMPAIGN, NAME, "first", at=NOW)

    with pytest.raises(PayloadConflict):
        evidence.put(CAMPAIGN, NAME, "other", at=NOW)

    assert evidence.get(CAMPAIGN, NAME).content == "first"


def test_a_campaign_sees_its_own_artifacts_only(evidence):
    for campaign, name in ((CAMPAIGN, "b"), (CAMPAIGN, "a"), (f"{CAMPAIGN}1", "c")):
        evidence.put(campaign, name, "x", at=NOW)

    assert evidence.names(CAMPAIGN) == ("a", "b")
    assert evidence.names("other") == ()
    assert evidence.get(CAMPAIGN, "c") is None
    assert evidence.get(CAMPAIGN, "a", LATER) is None


@pytest.mark.parametrize(("campaign", "name"), [("..", "a"), (CAMPAIGN, "../a"), (CAMPAIGN, "a/b")])
def test_a_name_stays_where_it_belongs(evidence, campaign, name):
    with pytest.raises(ValueError, match=r"key|names"):
        evidence.put(campaign, name, "x", at=NOW)


def test_an_instant_needs_a_zone(evidence):
    with pytest.raises(ValueError, match="zone"):
        evidence.put(CAMPAIGN, NAME, "x", at=NOW.replace(tzinfo=None))
