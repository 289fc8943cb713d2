from booking_sms.domain.ledger import Ledger, LedgerRow, blank_row, project_ledger
from booking_sms.domain.sms_job import FORGOTTEN, JobState
from booking_sms.testing import make_job, make_ledger_row

KEY = ("900101_7000000001", "010-0000-1234")


def test_a_job_sets_its_flag_on_the_row() -> None:
    ledger = project_ledger([make_ledger_row()], [make_job(kind="guide")])

    row = ledger.get(*KEY)
    assert row is not None
    assert (row.flag("confirm_sms"), row.flag("remind_sms")) == (True, True)


def test_a_job_alone_is_a_row() -> None:
    row = project_ledger([], [make_job(kind="confirm")]).get(*KEY)

    assert row is not None
    assert row.item == {
        "booking_num": KEY[0],
        "phone": KEY[1],
        "name": "김시험",
        "booking_time": "2026-03-02 16:00:00",
        "confirm_sms": True,
        "remind_sms": False,
        "option_sms": False,
        "option_time": "",
    }


def test_every_state_but_cancelled_and_superseded_counts_as_sent() -> None:
    for state in JobState:
        ledger = project_ledger([], [make_job(kind="confirm", state=state)])

        assert (ledger.get(*KEY) is None) is (state in FORGOTTEN), state


def test_a_kind_without_a_flag_is_a_row_and_nothing_more() -> None:
    job = make_job(kind="promo")

    row = project_ledger([], [job]).get(*KEY)

    assert row is not None
    assert not any(row.flag(flag) for flag in ("confirm_sms", "remind_sms", "option_sms"))


def test_a_row_s_missing_flag_stays_missing() -> None:
    bare = LedgerRow(
        booking_num=KEY[0], phone=KEY[1], item={"booking_num": KEY[0], "phone": KEY[1]}
    )

    row = project_ledger([bare], [make_job(kind="guide")]).get(*KEY)

    assert row is not None
    assert "confirm_sms" not in row.item
    assert row.flag("remind_sms") is True


def test_another_phone_is_another_row() -> None:
    ledger = Ledger().with_row(make_ledger_row())

    assert ledger.get(KEY[0], "010-0000-9999") is None
    assert ledger.get(*KEY) == make_ledger_row()


def test_a_job_without_a_ledger_phone_projects_nothing() -> None:
    job = make_job()
    unknown = job.evolve(ledger=job.ledger.__class__(phone="", name=""))

    assert project_ledger([], [unknown]).rows == {}


def test_blank_row_is_keyed_as_the_predecessor_would() -> None:
    assert blank_row(make_job()).key == KEY
