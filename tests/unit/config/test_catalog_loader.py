"""Every mistake in the owner's files is one line that names file and line."""

from pathlib import Path

import pytest
from catalog_files import INCLUDE, CatalogFiles

from booking_sms.config.catalog_loader import load_catalog
from booking_sms.config.rules_loader import load_rule_set
from booking_sms.config.stores_loader import load_stores
from booking_sms.domain.errors import RuleInvalid
from booking_sms.domain.message import sens_bytes
from booking_sms.domain.template import check_subject
from booking_sms.pipeline.preview import text_problems


@pytest.fixture
def files(tmp_path: Path) -> CatalogFiles:
    return CatalogFiles(tmp_path)


def test_the_shipped_files_are_sound(files: CatalogFiles) -> None:
    assert files.problems() == []


def test_the_shipped_catalog_holds_what_the_chain_needs() -> None:
    catalog = load_catalog(INCLUDE, "legacy")

    assert list(catalog.stores.stores) == [f"90010{n}" for n in range(1, 9)]
    assert sorted(catalog.messages.templates) == ["confirm", "event", "guide"]
    assert not list(text_problems(catalog))
    assert sorted(catalog.messages.get("guide").store_texts) == sorted(catalog.stores.stores)
    for template in catalog.messages.templates.values():
        assert template.form == "LMS"
        check_subject(template.subject.replace("{{ brand }}", catalog.stores.brand))


def test_the_shipped_senders_are_the_default_and_two_of_their_own() -> None:
    stores = load_stores(INCLUDE / "stores")
    own = {store_id: store.sender for store_id, store in stores.stores.items() if store.sender}

    assert (stores.default_sender, own) == (
        "15990100",
        {"900103": "15990103", "900107": "15990107"},
    )


def test_no_shipped_file_holds_a_secret() -> None:
    for store_id, store in load_stores(INCLUDE / "stores").stores.items():
        for name in ("door_code", "wifi_password"):
            assert store.facts[name] == f"secret:booking-sms/stores/{store_id}#{name}"


def test_every_shipped_rule_is_named_in_a_test() -> None:
    """A rule that nobody tests must not ship: add its name here with its test."""
    assert [rule.name for rule in load_rule_set("legacy", INCLUDE / "rules").rules] == [
        "confirm-first-sight",
        "guide-first-sight",
        "confirm-before-guide",
        "guide-two-hours",
        "event-at-eight",
    ]


def test_the_event_ships_as_advertising_in_the_shadow() -> None:
    rule = load_rule_set("legacy", INCLUDE / "rules").rule("event-at-eight")

    assert (rule.message_class, rule.rollout, str(rule.hours)) == (
        "advertising",
        "shadow",
        "08:10-20:50",
    )


RULES, GUIDE, EVENT = "rules/legacy.yaml", "messages/guide.yaml", "messages/event.yaml"


CONFIRM = "messages/confirm.yaml"


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        pytest.param(
            RULES, "kind: guide", "kind: guide\n    colour: red", "colour: unknown", id="key"
        ),
        pytest.param(RULES, "hours: 2,", "hours: soon,", "valid integer", id="type"),
        pytest.param(
            RULES, "booking_in_db", "booking_in_dream", "'booking_in_dream'", id="condition"
        ),
        pytest.param(RULES, "name: legacy", "name: other", "file is called legacy", id="set name"),
        pytest.param(
            RULES, "template: confirm", "template: hi", "no text is called 'hi'", id="text"
        ),
        pytest.param(
            RULES,
            "message_class: advertising",
            "message_class: information",
            "labelled",
            id="class",
        ),
        pytest.param(CONFIRM, "안녕하세요", "{% if %}", "line 1 of the text", id="jinja"),
        pytest.param("stores/900102.yaml", '"900102"', '"900109"', "file is called", id="store id"),
        pytest.param("stores/900103.yaml", '"15990103"', '"1599-0103"', "pattern", id="sender"),
        pytest.param("stores/900104.yaml", "  address", "  name", "own field", id="fact's name"),
        pytest.param("stores/_chain.yaml", "080-000-0100", "010-000-0100", "pattern", id="080"),
        pytest.param("messages/_replacements.yaml", '"-"', '"😀"', "one character", id="table"),
    ],
)
def test_each_mistake_is_one_line_with_its_place(
    files: CatalogFiles, name: str, old: str, new: str, said: str
) -> None:
    line = files.replace(name, old, new)

    problem = files.problems()[0]

    assert said in problem
    place, number = problem.split(":")[:2]
    assert place == name
    assert line - 1 <= int(number) <= line + 1 or said == "line 1 of the text"


def test_a_name_can_be_taken_once(files: CatalogFiles) -> None:
    files.replace(CONFIRM, "name: confirm", "name: event")

    assert files.problems() == ["messages/event.yaml:3: name: the name 'event' is taken"]


def test_a_subject_without_room_for_the_reference_is_refused(files: CatalogFiles) -> None:
    files.replace(CONFIRM, "예약 확정 안내", "아주 긴 예약 확정 안내문")

    assert files.problems()[0].endswith(
        "confirm, subject: the subject is too long (bytes=39, limit=33)"
    )


def test_an_unknown_store_is_named_at_the_rule(files: CatalogFiles) -> None:
    line = files.replace(RULES, "kind: confirm", "kind: confirm\n    stores: [900999]")

    assert files.problems() == [
        f"{RULES}:{line + 1}: rules.0.stores: no store file describes 900999"
    ]


def test_an_unknown_variable_is_named_at_the_text(files: CatalogFiles) -> None:
    files.replace("messages/confirm.yaml", "{{ brand }}입니다", "{{ brnad }}입니다")

    assert files.problems() == [
        "messages/confirm.yaml:5: text: unknown variable brnad; "
        "known: booking, brand, opt_out_number, store"
    ]


def test_an_unknown_filter_is_named_at_the_text(files: CatalogFiles) -> None:
    files.replace(CONFIRM, "{{ store.name }} 예약", "{{ store.name | shout }} 예약")

    (problem,) = files.problems()

    assert problem.startswith(f"{CONFIRM}:5: text: line 2 of the text: unknown filter shout; ")
    assert problem.endswith("ours: korean_date, korean_time, particle, phone, won")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param("  (광고) {{ brand }}", "  {{ brand }}", "begins with", id="label"),
        pytest.param("  무료수신거부 {{ opt_out_number }}", "", "ends with", id="refusal"),
        pytest.param("  (광고) {{ brand }}", "  (광고)", "names the sender", id="sender"),
    ],
)
def test_an_advertising_text_without_its_lines_is_refused(
    files: CatalogFiles, old: str, new: str, said: str
) -> None:
    files.replace(EVENT, old, new)

    (problem,) = files.problems()

    assert said in problem
    assert "rules.4.template: event, text" in problem


def test_an_advertising_rule_without_hours_is_refused(files: CatalogFiles) -> None:
    files.replace(RULES, '    allowed_hours: "08:10-20:50"\n    deferred_to: "20:00"\n', "")

    (problem,) = files.problems()

    assert problem.endswith("an advertising rule needs allowed_hours")


def test_all_problems_come_at_once(files: CatalogFiles) -> None:
    files.replace("stores/900101.yaml", "alias", "nickname")
    files.replace("stores/900102.yaml", '"900102"', '"900109"')

    assert len(files.problems()) == 3


def test_a_message_needs_a_text(files: CatalogFiles) -> None:
    files.write("messages/empty.yaml", "name: empty\nsubject: 안내\n")

    assert files.problems() == ["messages/empty.yaml:1: give text, stores or both"]


def test_a_broken_message_file_hides_no_other(files: CatalogFiles) -> None:
    files.write("messages/a.yaml", "name: [\n")
    files.write("messages/b.yaml", "name: b\n")

    assert {problem.split(":")[0] for problem in files.problems()} == {
        "messages/a.yaml",
        "messages/b.yaml",
    }


def test_no_replacement_table_is_an_empty_one(files: CatalogFiles) -> None:
    (files.home / "messages/_replacements.yaml").unlink()

    assert load_catalog(files.home, "legacy").messages.replacements == {}


def test_an_unknown_rule_set_is_refused_with_the_known_ones(files: CatalogFiles) -> None:
    with pytest.raises(RuleInvalid, match="no rule set 'modern'; known: legacy"):
        load_rule_set("modern", files.home / "rules")


def test_adding_a_store_is_adding_a_file(files: CatalogFiles) -> None:
    text = (files.home / "stores/900101.yaml").read_text(encoding="utf-8")
    files.write("stores/900109.yaml", text.replace("900101", "900109").replace("1호점", "9호점"))

    catalog = load_catalog(files.home, "legacy")

    assert catalog.stores.get("900109").alias == "9호점"
    assert not list(text_problems(catalog))


def test_a_text_that_fails_only_at_one_store_is_found_by_rendering(files: CatalogFiles) -> None:
    files.replace("stores/900104.yaml", "  parking:", "  car_park:")

    problems = list(text_problems(load_catalog(files.home, "legacy")))

    assert {(problem.store_id, problem.rule) for problem in problems} == {
        ("900104", "guide-first-sight"),
        ("900104", "guide-two-hours"),
    }
    assert "parking" in problems[0].problem


def test_a_change_of_any_file_changes_the_digest(files: CatalogFiles) -> None:
    digests = [load_catalog(files.home, "legacy").digest]
    for name, old, new in (
        (RULES, "priority: 0", "priority: 3"),
        (EVENT, "5,000원", "6,000원"),
        ("stores/900101.yaml", "3층", "4층"),
        ("messages/_replacements.yaml", '"v"', '"V"'),
    ):
        files.replace(name, old, new)
        digests.append(load_catalog(files.home, "legacy").digest)

    assert len(set(digests)) == len(digests)


def test_shipped_texts_fit_with_room_for_longer_facts() -> None:
    catalog = load_catalog(INCLUDE, "legacy")

    for template in catalog.messages.templates.values():
        for text in template.sources.values():
            assert sens_bytes(text) < 1200
