import json
from pathlib import Path
from typing import Any

import pytest

from booking_sms.domain.errors import ConfigError
from booking_sms.parity.scenario import ScenarioInvalid, parse_scenario, read_scenarios

EXPECTED = {"sms": [], "writes": [], "ledger_after": [], "telegram": "문자 발송 대상 없음"}


def line(**overrides: Any) -> dict[str, Any]:
    document = {
        "id": "one",
        "category": "mixed",
        "now": "2026-03-02T14:00:00+09:00",
        "confirmed": [],
        "completed": [],
        "ledger_before": [],
        "expected": EXPECTED,
    }
    return {key: value for key, value in {**document, **overrides}.items() if value != "gone"}


def written(tmp_path: Path, *documents: Any) -> Path:
    path = tmp_path / "in.jsonl"
    texts = [doc if isinstance(doc, str) else json.dumps(doc) for doc in documents]
    path.write_text("\n".join(texts), encoding="utf-8")
    return path


def test_a_scenario_keeps_rows_as_they_are() -> None:
    row = {"booking_num": "1_2", "phone": "010-0000-1234", "remind_sms": None}

    scenario = parse_scenario(json.dumps(line(ledger_before=[row])), "in.jsonl:1")

    assert dict(scenario.ledger_before[0].item) == row
    assert scenario.now.isoformat() == "2026-03-02T14:00:00+09:00"
    assert scenario.expected == EXPECTED


def test_blank_lines_are_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path, line(), "", line(id="two"), "")

    assert [
        scenario.place.rpartition(":")[2] for scenario in read_scenarios(path, recorded=True)
    ] == ["1", "3"]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        pytest.param("{", "no JSON", id="no json"),
        pytest.param("[]", "line: Input should be", id="no object"),
        pytest.param(line(id=""), "id: String should have", id="empty id"),
        pytest.param(
            line(now="2026-03-02T14:00:00"), "now: Input should have timezone", id="naive"
        ),
        pytest.param(line(confirmed="gone"), "confirmed: Field required", id="no list"),
        pytest.param(line(completed=[1]), "completed.0: Input should be", id="no payload"),
        pytest.param(line(ledger_before=[{"phone": "x"}]), "ledger_before.0.booking_num", id="row"),
        pytest.param(line(expected={"sms": []}), "expected.writes: Field required", id="half"),
        pytest.param(line(expected={**EXPECTED, "fax": ""}), "expected.fax", id="unknown"),
        pytest.param(line(expected={**EXPECTED, "telegram": None}), "expected.telegram", id="null"),
        pytest.param(line(id="two", expected="gone"), "expected: is missing", id="not recorded"),
        pytest.param(line(id="one"), "stands at", id="double id"),
    ],
)
def test_each_error_names_file_and_line(tmp_path: Path, document: Any, said: str) -> None:
    path = written(tmp_path, line(), document)

    with pytest.raises(ScenarioInvalid) as caught:
        read_scenarios(path, recorded=True)

    assert str(caught.value).startswith(f"{path}:2: ")
    assert said in str(caught.value)
    assert isinstance(caught.value, ConfigError)


def test_what_is_only_to_be_decided_needs_no_record(tmp_path: Path) -> None:
    path = written(tmp_path, line(expected="gone"))

    assert read_scenarios(path, recorded=False)[0].expected is None


def test_an_unreadable_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ScenarioInvalid, match="cannot be read: No such file"):
        read_scenarios(tmp_path / "nobody.jsonl", recorded=True)
    (tmp_path / "bad.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(ScenarioInvalid, match="not UTF-8"):
        read_scenarios(tmp_path / "bad.jsonl", recorded=True)
