from dataclasses import replace
from typing import Any

from rule_world import CATALOG

from booking_sms.domain.catalog import Catalog
from booking_sms.domain.template import MessageTemplate
from booking_sms.pipeline.lint import CLASS_CHANGES, lint
from booking_sms.testing import make_booking

BOOKINGS = [make_booking(booking_id="1"), make_booking(booking_id="2", name="김" * 50)]


def with_text(text: str, **parts: Any) -> Catalog:
    """The shipped catalog with one more text, which no rule names."""
    template = MessageTemplate(**{"name": "mine", "subject": "제목", "text": text, **parts})
    templates = {**CATALOG.messages.templates, "mine": template}
    return replace(CATALOG, messages=replace(CATALOG.messages, templates=templates))


def found(text: str, **parts: Any) -> list[tuple[str, int, bool]]:
    """What is wrong with the text at the first store."""
    report = lint(with_text(text, **parts), BOOKINGS)
    return [
        (finding.problem, finding.bookings, finding.is_error)
        for finding in report.findings
        if (finding.template, finding.store) == ("mine", "900101")
    ]


def test_the_shipped_texts_are_clean() -> None:
    report = lint(CATALOG, BOOKINGS)

    assert (report.templates, report.errors, report.findings) == (3, 0, ())
    assert report.rendered == 5 * 8  # no text names a booking: one look a rule and store


def test_a_text_without_a_value_is_found_at_every_store() -> None:
    report = lint(with_text("{{ store.swimming_pool }}"), BOOKINGS)

    assert {finding.store for finding in report.findings} == set(CATALOG.stores.stores)
    assert report.errors == 8


def test_each_problem_is_named_once_with_its_count() -> None:
    assert found("{{ booking.fields.no_such }}") == [("TextUnresolved", 2, True)]
    assert found("가" * 1001) == [("TextTooLong", 1, True)]
    assert found("안녕", subject="제" * 20) == [("TextTooLong", 1, True)]
    assert found("(광고) 별빛스튜디오") == [("TextNotLawful", 1, True)]


def test_characters_that_cannot_be_sent_are_named_by_code_point() -> None:
    (first, *_) = lint(with_text("별 \U0001f600"), BOOKINGS).findings

    assert first.problem == "TextNotEncodable"
    assert "U+1F600" in first.detail


def test_a_text_that_costs_more_for_some_is_a_warning() -> None:
    assert found("{{ booking.name }}", form="auto") == [(CLASS_CHANGES, 1, False)]


def test_notices_are_looked_at_too() -> None:
    notice = {"form": "notice", "subject": ""}

    assert (
        found("{{ day.planned }} {{ count }} {% for one in bookings %}{% endfor %}", **notice) == []
    )
    assert found("{{ booking.phone }}", **notice) == [("TextUnresolved", 2, True)]
