from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from booking_sms.config.yaml_source import read_yaml
from booking_sms.domain.errors import RuleInvalid


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    count: int = 0


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    items: tuple[Inner, ...] = Field((), min_length=1)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "some.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("a: 20:00", "20:00", id="no sexagesimal number"),
        pytest.param("a: no", "no", id="no is a word"),
        pytest.param("a: 0100", "0100", id="leading zero is text"),
        pytest.param("a: 2026-03-02", "2026-03-02", id="no date"),
        pytest.param("a: true", True, id="true"),
        pytest.param("a: -12", -12, id="whole number"),
        pytest.param("a: 1.5", 1.5, id="fraction"),
        pytest.param("a:", None, id="nothing"),
        pytest.param('a: "1599"', "1599", id="quoted"),
    ],
)
def test_plain_values_hold_no_surprises(tmp_path: Path, text: str, value: Any) -> None:
    assert read_yaml(written(tmp_path, text)).data == {"a": value}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("a: 1\nb: [1\n", ":3: ", id="syntax"),
        pytest.param("a: 1\nb: 2\na: 3\n", ":3: key 'a' twice", id="double key"),
        pytest.param("a:\n  - b: 1\n    b: 2\n", ":3: key 'b' twice", id="double key below"),
        pytest.param("", ":1: the file is empty", id="empty"),
        pytest.param("a: !!python/name:os.system x\n", ":1: ", id="python object"),
        pytest.param("? [1, 2]\n: 3\n", ":1: ", id="a key that is no text"),
    ],
)
def test_unusable_files_are_refused_with_file_and_line(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(RuleInvalid) as caught:
        read_yaml(written(tmp_path, text))

    assert "some.yaml" + said in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RuleInvalid, match=r"nobody\.yaml:1: cannot be read"):
        read_yaml(tmp_path / "nobody.yaml")


def test_every_problem_is_reported_with_its_line(tmp_path: Path) -> None:
    text = "items:\n  - count: 1\n  - count: many\n  - colour: red\n"

    with pytest.raises(RuleInvalid) as caught:
        read_yaml(written(tmp_path, text)).parse(Outer)

    first, second = str(caught.value).splitlines()
    assert first.endswith(
        "some.yaml:3: items.1.count: Input should be a valid integer, "
        "unable to parse string as an integer"
    )
    assert second.endswith("some.yaml:4: items.2.colour: unknown key")


def test_the_line_of_something_that_is_not_there_is_its_parent_s(tmp_path: Path) -> None:
    source = read_yaml(written(tmp_path, "items:\n  - count: 1\n"))

    assert source.line_of(("items", 0, "leaf", "colour")) == 2
    assert source.line_of(("items", 7)) == 1
    assert source.line_of(()) == 1


def test_paths_below_the_working_directory_are_shown_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, "")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(RuleInvalid, match=r"^some\.yaml:1:"):
        read_yaml(path)


def test_a_list_with_one_wrong_item_is_not_called_too_short_as_well(tmp_path: Path) -> None:
    with pytest.raises(RuleInvalid) as caught:
        read_yaml(written(tmp_path, "items:\n  - colour: red\n")).parse(Outer)

    assert str(caught.value).endswith("some.yaml:2: items.0.colour: unknown key")
    with pytest.raises(RuleInvalid, match=r"some\.yaml:1: items: .*at least 1"):
        read_yaml(written(tmp_path, "items: []\n")).parse(Outer)
