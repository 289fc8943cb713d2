"""The page and the files beside it: verdicts, counts, and nobody's name or number."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from parity_world import CATALOG, TODAY, outcome

from booking_sms.parity.compare import compare
from booking_sms.parity.explained import Explanation
from booking_sms.parity.noise import Noise
from booking_sms.parity.page import PAST_RUNS, PageSource, page, uncovered
from booking_sms.parity.report_files import HISTORY, PAGE, RESULT, TABLE, read_history, write_report
from booking_sms.parity.result import as_result

RAN_AT = datetime(2026, 3, 2, 5, tzinfo=UTC)
CANARIES = ("김카나", "카나리", "0000-1234", "01000001234", "0000-5678", "01000005678")


def entry(**fields: object) -> Explanation:
    base = {"field": "ledger.name", "rule": "*", "reason": "the owner wants it so"}
    more = {"owner": "the owner", "expires": date(2026, 12, 31)}
    return Explanation.model_validate({**base, **more, **fields})


def source_of(*entries: Explanation, **changes: Any) -> PageSource:
    expected = [outcome()]
    report = compare(expected, [outcome(**changes)], CATALOG.rules, entries, today=TODAY)
    result = as_result(report, {"version": 7, "sha256": "feed" * 16}, RAN_AT)
    return PageSource(
        report=report,
        result=result,
        rules=CATALOG.rules,
        today=TODAY,
        explanations=entries,
        expected=expected,
    )


def spoiled() -> PageSource:
    """Differences in every channel, each with a person in it."""
    rows, sent = outcome()["ledger_after"], outcome()["sms"]
    rows[0] |= {"name": "김카나", "phone": "010-0000-5678"}
    sent[0] |= {"to": "01000005678", "text": "카나리님 010-0000-5678"}
    sent[1] |= {"text": "카나리님"}
    telegram = outcome()["telegram"].replace("예약확정", "예약확장")
    return source_of(ledger_after=rows, sms=sent, telegram=telegram, writes=outcome()["writes"][:1])


class _Outside(HTMLParser):
    """Collects whatever a page would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "link", "img", "iframe", "object", "embed", "base"}:
            self.found.append(tag)
        self.found += [
            name for name, _ in attrs if name in {"src", "href"} or name.startswith("on")
        ]


def test_a_page_loads_nothing_and_runs_nothing() -> None:
    text = page(replace(spoiled(), history=[spoiled().result]))

    parser = _Outside()
    parser.feed(text)
    assert parser.found == []
    assert not any(word in text for word in ("http", "url(", "@import", "//cdn"))


@pytest.mark.parametrize("where", [PAGE, TABLE, RESULT, HISTORY])
def test_no_file_shows_a_person(where: str, tmp_path: Path) -> None:
    write_report(tmp_path, spoiled())

    text = (tmp_path / where).read_text(encoding="utf-8")
    assert "sms" in text
    assert not any(canary in text for canary in CANARIES)
    assert where in {RESULT, HISTORY} or "010-****-5678" in text


def test_parity_says_so() -> None:
    text = page(source_of())

    assert "<h1>Parity</h1>" in text
    assert "1 scenarios, nothing unexplained" in text
    assert "goldens version 7" in text
    assert "None: every field agrees." in text
    assert "first run here" in text
    assert "<svg" not in text


def test_a_difference_is_no_parity_with_its_counts() -> None:
    text = page(spoiled())

    assert "<h1>No parity</h1>" in text
    assert "critical differences" in text
    assert "<mark>장</mark>" in text
    assert "1 character differs, at 17" in text
    assert "***" in text
    assert "guide-two-hours" in text


def test_nothing_compared_proves_nothing() -> None:
    report = compare([], [], CATALOG.rules, today=TODAY)
    source = PageSource(
        report=report, result=as_result(report, None, RAN_AT), rules=CATALOG.rules, today=TODAY
    )

    text = page(source)

    assert "<h1>Nothing proved</h1>" in text
    assert "no scenario was compared" in text


def test_explanations_are_listed_with_owner_day_and_use() -> None:
    rows = outcome()["ledger_after"]
    rows[0]["name"] = "김카나"
    late = entry(field="sms.order", owner="somebody else", expires=date(2026, 3, 1))

    text = page(source_of(entry(), late, ledger_after=rows))

    assert '2026-12-31</td><td class="n">1</td>' in text
    assert '2026-03-01, expired</td><td class="n">0</td>' in text
    assert "somebody else" in text
    assert "an explanation has expired: sms.order" in text


def test_markup_in_a_value_stays_text() -> None:
    text = page(source_of(telegram=outcome()["telegram"] + "\n<b>x</b>"))

    assert "&lt;b&gt;x&lt;/b&gt;" in text
    assert "<b>x</b>" not in text


def test_noise_is_shown_as_what_it_is() -> None:
    noise = Noise(scenarios=200, differing=1, paths=("ledger.name",))

    assert "no control was run twice" in page(source_of())
    assert "1 of 200 scenarios" in page(replace(source_of(), noise=noise))


def test_what_recordings_lack_is_said() -> None:
    told = uncovered([outcome()])
    written = outcome(sms=[{**outcome()["sms"][0], "text": "안녕"}], slack=["한 줄"])

    assert any("What a text says" in line for line in told)
    assert any("Slack" in line for line in told)
    assert not any("What a text says" in line or "Slack" in line for line in uncovered([written]))


def test_past_runs_become_a_line(tmp_path: Path) -> None:
    for source in (source_of(), spoiled(), source_of()):
        write_report(tmp_path, source)

    text = (tmp_path / PAGE).read_text(encoding="utf-8")

    assert text.count("<circle") == 3
    assert text.count('fill="#b42318"') == 1
    assert "0.0 to 100 %" in text
    assert [result["passed"] for result in read_history(tmp_path)] == [True, False, True]


def test_history_is_bounded_and_survives_half_a_line(tmp_path: Path) -> None:
    line = json.dumps(source_of().result)
    (tmp_path / HISTORY).write_text(f"{line}\n" * (PAST_RUNS + 5) + '{"kind"', encoding="utf-8")

    write_report(tmp_path, source_of())

    assert len(read_history(tmp_path)) == PAST_RUNS


def test_the_table_has_a_row_for_every_difference(tmp_path: Path) -> None:
    source = spoiled()
    write_report(tmp_path, source)

    with (tmp_path / TABLE).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))

    assert len(rows) == len(source.report.unexplained)
    assert {row["status"] for row in rows} == {"unexplained"}
    assert {row["channel"] for row in rows} == {"sms", "writes", "ledger", "telegram"}


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    write_report(tmp_path, source_of(telegram=outcome()["telegram"] + "\n=1+1"))

    assert ",'=1+1" in (tmp_path / TABLE).read_text(encoding="utf-8-sig")
