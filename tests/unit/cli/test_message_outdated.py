from datetime import timedelta

import pytest
from command_world import PHONE, Shop

from booking_sms.cli.run import run_window, send_due
from booking_sms.domain.errors import BookingApiUnavailable, SendingForbidden
from booking_sms.domain.sms_job import JobState
from booking_sms.domain.window import Window
from booking_sms.testing import NOW, make_booking

pytestmark = pytest.mark.slow

WHO = ("--by", "점장", "--reason", "번호 변경")
DOOR = "booking-sms/stores/900101#door_code"


@pytest.fixture
def sent(shop: Shop) -> Shop:
    """The customer has confirmation and guide."""
    run_window(shop.app, Window(NOW))
    return shop


def change_door_code(shop: Shop, code: str = "9999*") -> None:
    shop.app.secrets.values[DOOR] = code


def test_nobody_holds_an_old_text_as_long_as_nothing_changed(sent: Shop) -> None:
    document = sent.answer("message", "outdated")

    assert (document["holders"], document["outdated"], document["problems"]) == (1, [], {})


def test_a_changed_door_code_lists_who_has_the_old_one(sent: Shop) -> None:
    change_door_code(sent)
    before = sent.app.jobs.jobs

    document = sent.answer("message", "outdated")
    shown = sent.run("message", "outdated").stdout

    (one,) = document["outdated"]
    assert (one["store"], one["recipient"], one["customer"]) == ("1호점", "010-****-1234", "김*험")
    assert (one["kind"], one["state"], one["resend"]) == ("guide", "accepted", "manual:1")
    assert PHONE not in shown
    assert "9999*" not in shown
    assert sent.app.jobs.jobs == before


def test_a_changed_text_counts_too_once_it_is_live(sent: Shop) -> None:
    sent.answer("rules", "apply", *WHO)
    sent.edit("messages/guide.yaml", "1번 촬영실로", "2번 촬영실로")
    assert sent.answer("message", "outdated")["outdated"] == []

    sent.answer("rules", "apply", *WHO)

    assert len(sent.answer("message", "outdated")["outdated"]) == 1


def test_a_resend_goes_through_the_outbox_with_name_and_reason(sent: Shop) -> None:
    change_door_code(sent)

    document = sent.answer("message", "outdated", "--resend", *WHO)
    again = sent.answer("message", "outdated", "--resend", *WHO)
    send_due(sent.app)

    (job_id,) = document["resent"]
    assert again["resent"] == []
    job = next(job for job in sent.app.jobs.jobs if job.job_id == job_id)
    assert (job.occurrence, job.state, job.rule) == (
        "manual:1",
        JobState.ACCEPTED,
        "guide-first-sight",
    )
    change = sent.app.control.operator_changes(NOW.date())[-1]
    assert (change.name, change.by) == ("resend#900101_7000000001#guide", "점장")
    assert change.value == f"manual:1 {job_id}"


def test_each_further_change_takes_the_next_number(sent: Shop) -> None:
    for code in ("1111*", "2222*"):
        change_door_code(sent, code)
        sent.answer("message", "outdated", "--resend", *WHO)
        sent.app.transport_clock.advance(timedelta(seconds=1))
        send_due(sent.app)
    change_door_code(sent, "1111*")

    (one,) = sent.answer("message", "outdated")["outdated"]

    assert one["resend"] == "manual:3"


def test_a_visit_that_is_over_or_cancelled_is_left_alone(sent: Shop) -> None:
    change_door_code(sent)

    sent.app.clock.advance(timedelta(hours=3))

    assert sent.answer("message", "outdated")["holders"] == 0


def test_who_changed_the_number_is_not_texted_under_the_old_one(sent: Shop) -> None:
    change_door_code(sent)
    sent.app.source.put(make_booking(starts_in=timedelta(hours=1), phone="01000005678"))

    assert sent.answer("message", "outdated")["holders"] == 0


def test_more_than_the_cap_is_refused_before_anything_is_sent(sent: Shop) -> None:
    sent.app.source.put(make_booking(booking_id="2", starts_in=timedelta(hours=1)))
    run_window(sent.app, Window(NOW))
    change_door_code(sent)

    result = sent.run("message", "outdated", "--resend", *WHO, "--at-most", "1")

    assert result.exit_code == 2
    assert "2 texts are above --at-most 1" in result.stderr
    assert not any(job.occurrence == "manual:1" for job in sent.app.jobs.jobs)


def test_a_resend_needs_a_name_and_a_reason(sent: Shop) -> None:
    result = sent.run("message", "outdated", "--resend", "--by", "점장")

    assert result.exit_code == 2
    assert "--by and --reason" in result.stderr


def test_comparison_mode_makes_no_job(sent: Shop) -> None:
    change_door_code(sent)
    sent.app.control.set_delivery_mode("comparison", by="test", reason="test")

    result = sent.run("message", "outdated", "--resend", *WHO)

    assert isinstance(result.exception, SendingForbidden)
    assert not any(job.occurrence == "manual:1" for job in sent.app.jobs.jobs)


def test_a_text_that_cannot_be_rendered_today_is_counted(sent: Shop) -> None:
    del sent.app.secrets.values[DOOR]

    document = sent.answer("message", "outdated")

    assert document["outdated"] == []
    assert document["problems"] == {f"SecretMissing name={DOOR}": 1}


def test_an_unknown_kind_and_an_unread_store_are_named(sent: Shop) -> None:
    assert "known: confirm, event, guide" in sent.run("message", "outdated", "--kind", "x").stderr
    sent.app.source.failures["900104"] = BookingApiUnavailable(store="900104")

    document = sent.answer("message", "outdated", exit_code=1)

    assert document["failed_stores"] == {"900104": "BookingApiUnavailable"}
