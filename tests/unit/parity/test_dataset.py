"""A golden dataset that is not what its manifest says is refused, by file and field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from golden_world import DECIDE, DIGESTS, GOLDEN, REASON, lines, make_dataset, write_lines

from booking_sms.parity.dataset import DatasetInvalid, problems_of, read_dataset, verified_dataset
from booking_sms.parity.dataset_change import (
    add_lines,
    changes_of,
    new_entry,
    new_outcomes,
    refresh,
)
from booking_sms.parity.own import check_own

pytestmark = pytest.mark.slow


def edit_manifest(folder: Path, name: str, **fields: Any) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["files"][name].update(fields)
    path.write_text(json.dumps(manifest), encoding="utf-8")


def test_shipped_dataset_is_what_its_manifest_says() -> None:
    dataset = verified_dataset(GOLDEN)

    assert set(dataset.named("legacy")) == {"legacy-decisions.jsonl"}
    assert len(dataset.named("own")) == 4
    assert dataset.stamp() == {
        "version": len(dataset.manifest.changes) + 1,
        "sha256": dataset.sha256,
    }


def test_shipped_expectations_of_our_own_hold() -> None:
    results = check_own(read_dataset(GOLDEN), DECIDE)

    assert [(result.differences, result.vacuous) for result in results] == [((), ())] * 4
    assert {result.name: result.matched for result in results} == {
        "own-date-range.jsonl": 13,
        "own-digest.jsonl": 6,
        "own-roster.jsonl": 7,
        "own-session.jsonl": 16,
    }


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("own-digest.jsonl", "slack", "nobody"),
        ("own-date-range.jsonl", "sms", []),
        ("own-session.jsonl", "logins", 7),
    ],
)
def test_one_wrong_expectation_is_found(tmp_path: Path, name: str, field: str, value: Any) -> None:
    for path in GOLDEN.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    wrong = lines(name)
    wrong[1]["expected"][field] = value
    write_lines(tmp_path / name, wrong)

    (result,) = [r for r in check_own(read_dataset(tmp_path), DECIDE) if r.name == name]

    assert not result.passed
    assert result.matched == len(wrong) - 1
    assert str(wrong[1]["id"]) in result.differences[0]


def test_an_own_file_whose_guarded_channel_is_silent_is_vacuous(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "golden")
    silent = [line for line in lines("own-digest.jsonl") if not line["expected"]["slack"]]
    write_lines(dataset.path("own-digest.jsonl"), silent)

    (result,) = check_own(read_dataset(dataset.folder), DECIDE)

    assert result.vacuous == (
        "slack: nothing on the expected side",
        "slack: nothing on the actual side",
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"", "minimum.mixed: 0 scenarios, at least 3", id="empty"),
        pytest.param(None, "cannot be read: No such file", id="gone"),
        pytest.param(b'{"id": "a"', "recorded.jsonl:1: no JSON", id="truncated"),
        pytest.param(b"[]\n", "recorded.jsonl:1: line: not an object", id="no object"),
        pytest.param(b"\xff\n", "not UTF-8", id="no text"),
    ],
)
def test_a_spoilt_file_is_named(tmp_path: Path, content: bytes | None, problem: str) -> None:
    dataset = make_dataset(tmp_path / "golden")
    path = dataset.path("recorded.jsonl")
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)

    found = list(problems_of(read_dataset(dataset.folder)))

    assert any(problem in line for line in found), found


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        pytest.param({"bookings": 1}, "bookings: ", id="count"),
        pytest.param({"sha256": "0" * 64}, "sha256: ", id="checksum"),
        pytest.param(
            {"minimum": {"mixed": 9}}, "minimum.mixed: 3 scenarios, at least 9", id="thin"
        ),
        pytest.param({"guards": ["slack"]}, "guards: slack: nothing is expected", id="guard"),
    ],
)
def test_a_manifest_that_says_otherwise_is_named(
    tmp_path: Path, fields: dict[str, Any], problem: str
) -> None:
    dataset = make_dataset(tmp_path / "golden")
    edit_manifest(dataset.folder, "recorded.jsonl", **fields)

    with pytest.raises(DatasetInvalid) as caught:
        verified_dataset(dataset.folder)
    assert f"recorded.jsonl: {problem}" in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"kind": "ours"}, "kind"), ({"minimum": {}}, "minimum"), ({"colour": 1}, "colour")],
)
def test_a_wrong_manifest_is_named_by_field(
    tmp_path: Path, fields: dict[str, Any], field: str
) -> None:
    dataset = make_dataset(tmp_path / "golden")
    edit_manifest(dataset.folder, "recorded.jsonl", **fields)

    with pytest.raises(DatasetInvalid, match=rf"manifest.json: files.recorded.jsonl.{field}:"):
        read_dataset(dataset.folder)


def test_a_file_that_nobody_pinned_is_named(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "golden")
    write_lines(dataset.path("more.jsonl"), lines("own-roster.jsonl"))

    assert [p for p in problems_of(dataset) if "more.jsonl: files: is not in" in p]


def test_added_lines_are_pinned_with_a_new_version(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "golden", lines("own-digest.jsonl")[:4])
    source = write_lines(tmp_path / "more.jsonl", lines("own-digest.jsonl")[4:])

    after = add_lines(dataset, source, "own-digest", DECIDE, new_entry(DIGESTS), reason=REASON)

    assert after.manifest.version == dataset.manifest.version + 1
    assert after.manifest.files["own-digest.jsonl"].scenarios == 6
    assert verified_dataset(dataset.folder).stamp() == after.stamp()


def spoilt(**fields: Any) -> dict[str, Any]:
    line = lines("own-digest.jsonl")[0]
    line["id"] = "another"
    line["confirmed"][0].update(fields)
    return line


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        pytest.param(
            spoilt(phone="010" + "1234" + "5678"), ":1: confirmed.0.phone: a phone", id="phone"
        ),
        pytest.param(spoilt(name="홍길동"), ":1: confirmed.0.name: a name", id="name"),
        pytest.param(spoilt(email="a@naver.com"), ":1: confirmed.0.email: a mail", id="mail"),
        pytest.param(spoilt(memo="02-1234-5678"), ":1: confirmed.0.memo: a phone", id="memo"),
        pytest.param(spoilt(snapshotJson={}), ":1: cannot be decided: BookingMalformed", id="odd"),
        pytest.param({"id": "another"}, ":1: expected: is missing", id="no expectation"),
        pytest.param(
            {**spoilt(), "id": "digest-today"},
            ":1: id: 'digest-today' stands at own-digest.jsonl:1",
            id="doubled",
        ),
    ],
)
def test_a_line_that_may_not_be_added_changes_nothing(
    tmp_path: Path, line: dict[str, Any], problem: str
) -> None:
    dataset = make_dataset(tmp_path / "golden")
    source = write_lines(tmp_path / "more.jsonl", [line])

    with pytest.raises(DatasetInvalid) as caught:
        add_lines(dataset, source, "own-digest", DECIDE, new_entry(DIGESTS), reason=REASON)

    assert f"more.jsonl{problem}" in str(caught.value)
    assert "홍길동" not in str(caught.value)
    assert verified_dataset(dataset.folder).stamp() == dataset.stamp()


@pytest.mark.parametrize("to", ["recorded", "legacy-decisions", "../own", "own_x"])
def test_recordings_take_no_line(tmp_path: Path, to: str) -> None:
    dataset = make_dataset(tmp_path / "golden")
    source = write_lines(tmp_path / "more.jsonl", [spoilt()])

    with pytest.raises(DatasetInvalid, match="only own expectations"):
        add_lines(dataset, source, to, DECIDE, new_entry(DIGESTS), reason=REASON)


def test_a_refresh_shows_what_changes_and_pins_it(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "golden")
    stale = lines("own-digest.jsonl")
    stale[0]["expected"]["slack"] = "an older text"
    write_lines(dataset.path("own-digest.jsonl"), stale)

    found = new_outcomes(dataset, DECIDE)
    changes = changes_of(found)
    after = refresh(dataset, found, REASON)

    assert [(change.scenario, change.path) for change in changes] == [("digest-today", "slack")]
    assert after.manifest.version == dataset.manifest.version
    assert verified_dataset(dataset.folder).stamp() == after.stamp()


def test_a_recording_that_was_changed_is_never_pinned(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "golden")
    write_lines(dataset.path("recorded.jsonl"), lines("legacy-decisions.jsonl")[:27])

    with pytest.raises(DatasetInvalid, match=r"recorded.jsonl: sha256: a recording"):
        new_outcomes(dataset, DECIDE)
