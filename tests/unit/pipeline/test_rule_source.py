from dataclasses import replace

import pytest
from rule_world import CATALOG

from booking_sms.domain.catalog import Catalog
from booking_sms.domain.errors import RuleInvalid
from booking_sms.pipeline.rule_source import LAST_GOOD, catalog_or_last_good, pack, unpack
from booking_sms.testing import InMemoryControlRepository


def broken() -> Catalog:
    raise RuleInvalid("rules/legacy.yaml:12: rules.0.when: unknown key")


def test_a_catalog_survives_the_control_table() -> None:
    again = unpack(pack(CATALOG))

    assert again == CATALOG
    assert again.digest == CATALOG.digest
    assert list(again.stores.stores) == list(CATALOG.stores.stores)


def test_a_good_catalog_is_used_and_kept() -> None:
    notes = InMemoryControlRepository()

    assert catalog_or_last_good(lambda: CATALOG, notes) == (CATALOG, None)
    note = notes.get_note(LAST_GOOD)
    assert note is not None
    assert note["digest"] == CATALOG.digest


def test_an_unchanged_catalog_is_not_written_again() -> None:
    notes = InMemoryControlRepository()
    notes.put_note(LAST_GOOD, {"digest": CATALOG.digest, "packed": "kept as it is"})

    catalog_or_last_good(lambda: CATALOG, notes)

    note = notes.get_note(LAST_GOOD)
    assert note is not None
    assert note["packed"] == "kept as it is"


def test_a_changed_catalog_replaces_the_last_good_one() -> None:
    notes = InMemoryControlRepository()
    changed = replace(CATALOG, stores=replace(CATALOG.stores, default_sender="15990101"))

    catalog_or_last_good(lambda: CATALOG, notes)
    catalog_or_last_good(lambda: changed, notes)

    assert catalog_or_last_good(broken, notes)[0] == changed


def test_one_broken_file_does_not_stop_door_codes() -> None:
    notes = InMemoryControlRepository()
    catalog_or_last_good(lambda: CATALOG, notes)

    catalog, alert = catalog_or_last_good(broken, notes)

    assert catalog == CATALOG
    assert alert is not None
    assert "rules/legacy.yaml:12" in alert


def test_without_a_last_good_catalog_the_error_is_raised() -> None:
    with pytest.raises(RuleInvalid, match=":12:"):
        catalog_or_last_good(broken, InMemoryControlRepository())


@pytest.mark.parametrize(
    "note", [{"packed": "!!"}, {"packed": "AAAA"}, {}, {"packed": "eJyrrgUAAXUA+Q=="}]
)
def test_a_damaged_last_good_catalog_is_no_help(note: dict[str, str]) -> None:
    notes = InMemoryControlRepository()
    notes.put_note(LAST_GOOD, note)

    with pytest.raises(RuleInvalid, match="cannot be read"):
        catalog_or_last_good(broken, notes)


def test_a_long_list_of_problems_is_cut() -> None:
    notes = InMemoryControlRepository()
    catalog_or_last_good(lambda: CATALOG, notes)

    def many() -> Catalog:
        raise RuleInvalid("\n".join(f"file:{line}: wrong" for line in range(9)))

    _, alert = catalog_or_last_good(many, notes)

    assert alert is not None
    assert alert.splitlines()[-1] == "... and 4 more"
