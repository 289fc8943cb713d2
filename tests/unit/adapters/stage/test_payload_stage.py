from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from booking_sms.adapters.stage import open_payload_stage
from booking_sms.adapters.stage.bucket import S3PayloadStage
from booking_sms.adapters.stage.local import FilePayloadStage
from booking_sms.domain.errors import PayloadConflict, SettingsInvalid

KEY = "bookings/900101/20260302T1400/1"
DOCUMENT = {"bookings": [{"name": "김시험", "odd": "\ud800"}], "n": None}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a stage"


@pytest.fixture
def stage(folder: Path) -> FilePayloadStage:
    return FilePayloadStage(folder.as_uri())


def test_what_was_written_is_read(stage):
    assert stage.write(KEY, DOCUMENT) == KEY
    assert stage.read(KEY) == DOCUMENT


def test_only_the_owner_may_read_it(stage, folder):
    stage.write(KEY, DOCUMENT)

    (file,) = [path for path in folder.rglob("*") if path.is_file()]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_nothing_is_ever_overwritten(stage, folder):
    stage.write(KEY, DOCUMENT)

    with pytest.raises(PayloadConflict) as caught:
        stage.write(KEY, {})

    assert caught.value.context == {"key": KEY}
    assert stage.read(KEY) == DOCUMENT
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 1


def test_a_document_that_cannot_be_written_leaves_nothing(stage, folder):
    with pytest.raises(TypeError):
        stage.write(KEY, {"x": object()})

    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_an_unknown_key_is_a_key_error(stage):
    with pytest.raises(KeyError):
        stage.read(KEY)


def test_keys_are_listed_by_prefix_and_sorted(stage):
    for key in ("b/2", "a/1", "b/1", "bb/1"):
        stage.write(key, 1)

    assert stage.list("b/") == ("b/1", "b/2")
    assert stage.list("") == ("a/1", "b/1", "b/2", "bb/1")
    assert stage.list("none") == ()


@pytest.mark.parametrize("key", ["", "/etc/x", "../x", "a/../b", "a//b", "a b", "a/.hidden"])
def test_keys_stay_where_they_belong(stage, key):
    with pytest.raises(ValueError, match="not a key"):
        stage.write(key, 1)


def test_window_names_may_be_keys(stage):
    key = "plans/2026-03-02T14:00:00+09:00/1"

    assert stage.list(stage.write(key, 1)) == (key,)


def test_old_objects_go_and_young_ones_stay(stage, folder):
    now = datetime(2026, 3, 10, tzinfo=UTC)
    for key, age in (("old/1", 8), ("young/1", 6)):
        stage.write(key, 1)
        written = (now - timedelta(days=age)).timestamp()
        os.utime(folder / f"{key}.json.gz", (written, written))

    assert stage.delete_older_than(days=7, now=now) == 1
    assert stage.list("") == ("young/1",)


def test_an_empty_stage_has_nothing_to_delete(stage):
    assert stage.delete_older_than(now=datetime.now(UTC)) == 0


def test_a_folder_or_a_bucket_by_url(folder):
    assert isinstance(open_payload_stage(folder.as_uri(), object), FilePayloadStage)
    assert isinstance(open_payload_stage("s3://bucket/prefix", object), S3PayloadStage)
    with pytest.raises(SettingsInvalid):
        open_payload_stage("ftp://x", object)
