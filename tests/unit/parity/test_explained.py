from datetime import date
from pathlib import Path

import pytest
from parity_world import CATALOG, INCLUDE, TODAY, outcome

from booking_sms.domain.errors import RuleInvalid
from booking_sms.parity.compare import ParityReport, compare
from booking_sms.parity.explained import Explanation, read_explained

ENTRY = """explained:
  - field: {field}
    rule: {rule}
    reason: the new chain sends fewer guides
    owner: product owner
    expires: {expires}
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "explained.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def entry(field: str = "sms.missing", rule: str = "guide-two-hours", **more: object) -> Explanation:
    fields = {"reason": "the owner wants it so", "owner": "owner", "expires": date(2026, 12, 31)}
    return Explanation.model_validate({"field": field, "rule": rule, **fields, **more})


def without_guide(*entries: Explanation, today: date = TODAY) -> ParityReport:
    changed = outcome(sms=outcome()["sms"][:1])
    return compare([outcome()], [changed], CATALOG.rules, entries, today=today)


@pytest.mark.parametrize(
    ("found", "passed"),
    [
        pytest.param(entry(), True, id="path and rule"),
        pytest.param(entry(rule="*"), True, id="any rule"),
        pytest.param(entry(field="sms.*"), True, id="pattern"),
        pytest.param(entry(rule="guide-first-sight"), True, id="another rule of the kind"),
        pytest.param(entry(rule="confirm-first-sight"), False, id="rule of another kind"),
        pytest.param(entry(field="sms.order"), False, id="another path"),
        pytest.param(entry(field="ledger.*"), False, id="another channel"),
        pytest.param(entry(expires=date(2026, 3, 1)), False, id="past its day"),
        pytest.param(entry(expires=date(2026, 3, 2)), True, id="on its last day"),
    ],
)
def test_an_entry_explains_its_path_its_rule_and_its_time(found: Explanation, passed: bool) -> None:
    report = without_guide(found)

    assert report.passed is passed
    assert (len(report.explained), len(report.unexplained)) == ((1, 0) if passed else (0, 1))
    assert report.as_dict()["sms"]["mismatches"] == 1


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("guide-two-hours", {"telegram": outcome()["telegram"].split("\n")[0]}),
        ("confirm-first-sight", {"telegram": outcome()["telegram"].split("\n")[1]}),
        ("guide-two-hours", {"writes": outcome()["writes"][:1]}),
        ("confirm-first-sight", {"writes": outcome()["writes"][1:]}),
    ],
)
def test_differences_know_their_kind_in_every_channel(
    kind: str, changes: dict[str, object]
) -> None:
    for rule, passed in ((kind, True), ("event-at-eight", False)):
        entries = [
            entry(field="telegram.missing", rule=rule),
            entry(field="writes.missing", rule=rule),
        ]
        report = compare([outcome()], [outcome(**changes)], CATALOG.rules, entries, today=TODAY)
        assert report.passed is passed


def test_a_ledger_flag_belongs_to_its_kind() -> None:
    changed = outcome()
    changed["ledger_after"][0]["option_sms"] = True
    entries = [entry(field="ledger.option_sms", rule="event-at-eight")]

    assert compare([outcome()], [changed], CATALOG.rules, entries, today=TODAY).passed


def test_the_shipped_file_explains_nothing() -> None:
    assert read_explained(INCLUDE / "golden" / "explained.yaml", CATALOG.rules) == ()


def test_an_entry_is_read_from_its_file(tmp_path: Path) -> None:
    text = ENTRY.format(field="sms.*", rule="guide-two-hours", expires="2026-12-31")

    (found,) = read_explained(written(tmp_path, text), CATALOG.rules)

    assert (found.field, found.expires) == ("sms.*", date(2026, 12, 31))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            ENTRY.format(field="sms.*", rule="guide-three", expires="2026-12-31"),
            ":3: explained.0.rule: no rule 'guide-three'",
            id="unknown rule",
        ),
        pytest.param(
            ENTRY.format(field="mail.*", rule="'*'", expires="2026-12-31"), ":2: ", id="channel"
        ),
        pytest.param(
            ENTRY.format(field="sms.*", rule="'*'", expires="never"), ":6: ", id="no date"
        ),
        pytest.param(
            ENTRY.format(field="sms.*", rule="'*'", expires="2026-12-31\n    tolerance: 5"),
            ":7: explained.0.tolerance: unknown key",
            id="unknown key",
        ),
        pytest.param("explained:\n  - field: sms.*\n", ":2: ", id="half an entry"),
        pytest.param("ignored: []\n", ":1: ignored: unknown key", id="misspelt"),
    ],
)
def test_a_misspelt_tolerance_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(RuleInvalid) as caught:
        read_explained(written(tmp_path, text), CATALOG.rules)

    assert f"explained.yaml{said}" in str(caught.value)
