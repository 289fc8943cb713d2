from datetime import timedelta

from rule_world import CATALOG, ledger_of, with_rules

from booking_sms.domain.ledger import LedgerRow
from booking_sms.pipeline.explain import explain_booking
from booking_sms.testing import NOW, make_booking, make_ledger_row

HOUR = timedelta(hours=1)


def test_explain_agrees_with_the_planner_and_names_every_rule() -> None:
    verdicts = explain_booking(
        make_booking(starts_in=HOUR), ledger_of(make_ledger_row()), CATALOG.rules, NOW
    )

    assert [verdict.value for verdict in verdicts] == [False, False, False, True, False]
    assert [verdict.shadow for verdict in verdicts] == [False, False, False, False, True]


def test_gates_come_before_conditions() -> None:
    rules = with_rules(
        {"name": "off", "enabled": False},
        {"name": "elsewhere", "stores": ["900102"]},
        {"name": "here", "stores": ["900101", "900102"]},
    )

    off, elsewhere, here = explain_booking(
        make_booking(starts_in=HOUR), ledger_of(make_ledger_row()), rules, NOW
    )

    assert (off.value, elsewhere.value, here.value) == (False, False, True)
    assert off.conditions.value is True
    assert elsewhere.gates[1].label == "stores 900102"
    assert elsewhere.gates[1].reason == "store 900101"


def test_a_row_that_cannot_be_read_is_neither_yes_nor_no() -> None:
    row = make_ledger_row()
    item = {name: value for name, value in row.item.items() if name != "remind_sms"}
    broken = LedgerRow(booking_num=row.booking_num, phone=row.phone, item=item)

    verdicts = explain_booking(
        make_booking(starts_in=HOUR),
        ledger_of(broken),
        CATALOG.rules,
        NOW,
        {"event-at-eight": "all"},
    )

    assert [verdict.value for verdict in verdicts] == [False, False, None, None, False]
    assert not verdicts[4].shadow
