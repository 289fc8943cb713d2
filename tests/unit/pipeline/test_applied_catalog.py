from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from rule_world import CATALOG, with_catalog, with_rules

from booking_sms.domain.catalog import Catalog
from booking_sms.domain.errors import RuleInvalid, StoreUnavailable
from booking_sms.pipeline.applied_catalog import (
    APPLIED,
    KEPT,
    Applied,
    applied_history,
    apply_catalog,
    catalog_in_use,
    live_catalog,
    revert_catalog,
    standing,
)
from booking_sms.testing import NOW, InMemoryControlRepository

WHO = {"by": "점장", "reason": "시험"}


def numbered(number: int) -> Catalog:
    """The shipped catalog with another sender number."""
    return with_catalog(stores=replace(CATALOG.stores, default_sender=f"1599{number:04d}"))


def put_live(control: InMemoryControlRepository, catalog: Catalog) -> Applied:
    return apply_catalog(control, catalog, rule_set="legacy", at=NOW, **WHO)


def in_use(control: InMemoryControlRepository, files: Catalog = CATALOG) -> Catalog:
    return catalog_in_use(lambda: files, control)[0]


def broken(*_: str) -> Catalog:
    raise RuleInvalid("rules/legacy.yaml:12: unknown key")


def test_until_something_is_applied_the_files_count() -> None:
    control = InMemoryControlRepository()

    assert in_use(control, numbered(1)) == numbered(1)
    assert in_use(control, numbered(2)) == numbered(2)
    assert applied_history(control) == ()


def test_what_was_applied_counts_whatever_becomes_of_the_files() -> None:
    control = InMemoryControlRepository()
    put_live(control, numbered(1))

    assert in_use(control, numbered(2)) == numbered(1)
    assert catalog_in_use(broken, control) == (numbered(1), None)


def test_an_application_is_on_the_trail() -> None:
    control = InMemoryControlRepository()

    entry = put_live(control, numbered(1))

    (change,) = control.operator_changes(NOW.date())
    assert (change.name, change.value) == ("rules", f"legacy {entry.digest}")
    assert (change.by, change.reason) == ("점장", "시험")


def test_a_revert_goes_back_one_step_at_a_time() -> None:
    control = InMemoryControlRepository()
    in_use(control, CATALOG)  # a window that read the files
    put_live(control, numbered(1))
    put_live(control, numbered(2))

    first = revert_catalog(control, at=NOW, **WHO)
    assert in_use(control) == numbered(1)
    second = revert_catalog(control, at=NOW, **WHO)
    assert in_use(control) == CATALOG

    assert (first.reverts, second.digest) == (numbered(2).digest, CATALOG.digest)
    with pytest.raises(RuleInvalid, match="nothing to go back to"):
        revert_catalog(control, at=NOW, **WHO)
    assert len(applied_history(control)) == 4
    assert control.operator_changes(NOW.date())[-1].value.startswith("revert to legacy ")


def test_after_a_revert_something_new_can_be_applied_and_reverted() -> None:
    control = InMemoryControlRepository()
    put_live(control, numbered(1))
    put_live(control, numbered(2))
    revert_catalog(control, at=NOW, **WHO)
    put_live(control, numbered(3))

    revert_catalog(control, at=NOW, **WHO)

    assert in_use(control) == numbered(1)


def test_applying_what_the_files_said_anyway_is_no_step_back() -> None:
    control = InMemoryControlRepository()
    in_use(control, CATALOG)

    assert put_live(control, CATALOG).previous == ""
    with pytest.raises(RuleInvalid, match="nothing to go back to"):
        revert_catalog(control, at=NOW, **WHO)


def test_reverts_end_also_where_the_same_rules_were_live_twice() -> None:
    control = InMemoryControlRepository()
    for number in (1, 2, 1):
        put_live(control, numbered(number))

    went_back_to = [revert_catalog(control, at=NOW, **WHO).digest for _ in range(2)]

    assert went_back_to == [numbered(2).digest, numbered(1).digest]
    with pytest.raises(RuleInvalid, match="nothing to go back to"):
        revert_catalog(control, at=NOW, **WHO)


def test_nothing_applied_leaves_nothing_to_revert() -> None:
    with pytest.raises(RuleInvalid, match="nothing to go back to"):
        revert_catalog(InMemoryControlRepository(), at=NOW, **WHO)


@pytest.mark.parametrize("was_applied", [True, False], ids=["applied", "read from files"])
def test_a_change_that_would_text_twice_changes_nothing(was_applied: bool) -> None:
    control = InMemoryControlRepository()
    live = with_catalog(rules=with_rules({"kind": "drink", "flag": ""}))
    if was_applied:
        put_live(control, live)
    else:
        in_use(control, live)
    before = (applied_history(control), control.operator_changes(NOW.date()))

    with pytest.raises(RuleInvalid, match="formerly"):
        put_live(control, with_catalog(rules=with_rules({"kind": "soda", "flag": ""})))

    assert (applied_history(control), control.operator_changes(NOW.date())) == before
    assert live_catalog(control) == live


def test_a_revert_that_would_text_twice_is_refused_too() -> None:
    control = InMemoryControlRepository()
    soda = {"kind": "soda", "flag": "", "formerly": ["drink"]}
    put_live(control, with_catalog(rules=with_rules({"kind": "drink", "flag": ""})))
    put_live(control, with_catalog(rules=with_rules(soda)))

    with pytest.raises(RuleInvalid, match=r"formerly: \[soda\]"):
        revert_catalog(control, at=NOW, **WHO)


def test_the_history_is_long_and_bounded() -> None:
    control = InMemoryControlRepository()
    for number in range(KEPT + 2):
        put_live(control, numbered(number))

    assert len(applied_history(control)) == KEPT >= 20
    assert applied_history(control)[0].digest == numbered(KEPT + 1).digest


class FailingControl(InMemoryControlRepository):
    """Fails to write the pointer."""

    def put_note(self, name: str, value: Mapping[str, Any]) -> None:
        if name == APPLIED:
            raise StoreUnavailable(service="dynamodb")
        super().put_note(name, value)


def test_a_crash_on_the_way_leaves_everything_as_it_was() -> None:
    control = FailingControl()
    in_use(control, CATALOG)

    with pytest.raises(StoreUnavailable):
        put_live(control, numbered(1))

    assert in_use(control, CATALOG) == CATALOG


def test_a_damaged_catalog_does_not_stop_door_codes() -> None:
    control = InMemoryControlRepository()
    entry = put_live(control, numbered(1))
    control.put_note(f"catalog-{entry.digest}", {"packed": "!!"})

    catalog, alert = catalog_in_use(lambda: CATALOG, control)

    assert catalog == CATALOG
    assert alert is not None
    assert "the files are in use" in alert


def test_standing_says_whether_the_files_are_live() -> None:
    control = InMemoryControlRepository()
    assert standing(control, lambda _: CATALOG).startswith("nothing was applied")

    put_live(control, CATALOG)

    assert standing(control, lambda _: CATALOG).endswith("by 점장")
    assert standing(control, lambda _: numbered(1)).endswith("not live yet")
    assert "not live yet: rules/legacy.yaml:12" in standing(control, broken)
