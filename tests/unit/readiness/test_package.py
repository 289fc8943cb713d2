"""The package: every file by checksum, what is missing, and what was touched afterwards."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from readiness_world import GOOD, ID, NOW, OPTIONAL, artifact, artifacts, packed, readiness

from booking_sms.domain.errors import ActionRefused
from booking_sms.readiness.package import MANIFEST, READINESS, manifest_of
from booking_sms.readiness.package_folder import problems_of, write_package

REPORT = artifact(READINESS, json.dumps(readiness().document()))
FILES = (*artifacts(), REPORT, *OPTIONAL)

OUTSIDE = packed()["files"][0] | {"filename": "../x"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_package(tmp_path / "package", packed(*OPTIONAL), FILES)
    return tmp_path / "package"


def test_a_whole_package_counts_and_describes_its_files():
    manifest = packed(*OPTIONAL)

    assert manifest["completeness"] == "COMPLETE"
    assert manifest["artifact_count"] == len(FILES) == len(manifest["files"])
    assert manifest["total_size"] == sum(len(one.data) for one in FILES)
    assert manifest["by_type"] == Counter(one["type"] for one in manifest["files"])
    assert {one["filename"]: one["sha256"] for one in manifest["files"]} == {
        one.name: one.sha256 for one in FILES
    }
    assert set(manifest["files"][0]) == {
        "filename",
        "type",
        "description",
        "timestamp",
        "size",
        "sha256",
    }


@pytest.mark.parametrize(
    ("optional", "verdict"), [(3, "COMPLETE"), (2, "WARNINGS"), (1, "WARNINGS"), (0, "INCOMPLETE")]
)
def test_up_to_two_optional_parts_may_be_missing(optional, verdict):
    assert packed(*OPTIONAL[:optional])["completeness"] == verdict


@pytest.mark.parametrize("kind", GOOD)
def test_no_required_part_may_be_missing(kind):
    manifest = packed(*OPTIONAL, **{kind: None})

    assert manifest["completeness"] == "INCOMPLETE"
    assert len(manifest["missing"]) == 1


def test_what_is_made_of_the_package_is_no_part_of_it():
    later = (artifact(MANIFEST, "{}"), artifact("decision.json", "{}"))

    assert packed(*OPTIONAL, *later) == packed(*OPTIONAL)


def test_the_hash_changes_with_any_file_and_with_nothing_else():
    manifest = packed(*OPTIONAL)

    assert manifest_of(ID, reversed(FILES)) == manifest
    for number, one in enumerate(FILES):
        other = artifact(one.name, one.content + " ", NOW)
        files = (*FILES[:number], other, *FILES[number + 1 :])
        assert manifest_of(ID, files)["package_hash"] != manifest["package_hash"]


def test_a_package_as_it_was_packed_has_no_problem(folder):
    assert problems_of(folder) == ()
    assert problems_of(folder, packed(*OPTIONAL)["package_hash"]) == ()


@pytest.mark.parametrize("name", [one.name for one in FILES])
def test_a_doctored_file_is_named(folder, name):
    path = folder / name
    data = path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])

    assert problems_of(folder) == (f"{name}: not what was packed",)


@pytest.mark.parametrize("name", ["notices.json", MANIFEST])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()

    assert problems_of(folder) == (f"{name}: missing",)


def test_a_file_that_was_slipped_in_is_named(folder):
    (folder / "more.json").write_text("{}")

    assert problems_of(folder) == ("more.json: not in the manifest",)


def test_a_manifest_that_was_made_to_fit_is_another_package(folder):
    files = [*FILES[:-1], artifact(FILES[-1].name, '{"kind": "alarms", "fired": 0}')]
    (folder / FILES[-1].name).write_bytes(files[-1].data)
    (folder / MANIFEST).write_text(json.dumps(manifest_of(ID, files)))

    assert problems_of(folder) == ()
    assert "another package" in problems_of(folder, packed(*OPTIONAL)["package_hash"])[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "cannot be read"),
        ("{}", "cannot be read"),
        ('{"files": [], "package_hash": "x"}', "its hash is not of its files"),
        (json.dumps({"files": [OUTSIDE], "package_hash": "x"}), "not a file of this folder"),
    ],
)
def test_a_broken_manifest_is_told(folder, text, told):
    (folder / MANIFEST).write_text(text)

    assert any(told in line for line in problems_of(folder))


def test_a_package_is_never_written_over_another(folder):
    with pytest.raises(ActionRefused, match="not empty"):
        write_package(folder, packed(*OPTIONAL), FILES)
    assert problems_of(folder) == ()
