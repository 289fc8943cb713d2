from datetime import timedelta

import pytest
from command_world import Shop

from booking_sms.cli.run import send_due
from booking_sms.config.settings import Settings
from booking_sms.domain.errors import SettingsInvalid
from booking_sms.domain.sms_job import JobState
from booking_sms.testing import NOW

OWN = "010-0000-5678"
WHO = ("--by", "점장", "--reason", "눈으로 확인")
GUIDE = ("message", "preview", "guide-two-hours")


@pytest.fixture
def owner(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("BOOKING_SMS_OWN_NUMBERS", f"01000009999, {OWN}")
    return shop


def test_a_preview_goes_to_an_own_number_through_the_outbox(owner: Shop) -> None:
    document = owner.answer(*GUIDE, "--send-to-me", OWN, *WHO)
    send_due(owner.app)

    (job,) = owner.app.jobs.jobs
    assert (job.job_id, job.to, job.state) == (
        document["job_id"],
        "01000005678",
        JobState.ACCEPTED,
    )
    assert (job.booking_num, job.occurrence, job.ledger.flag) == (
        "preview_900101",
        "manual:1",
        "",
    )
    assert owner.app.ledger.rows(["preview_900101"]) == ()
    change = owner.app.control.operator_changes(NOW.date())[-1]
    assert (change.name, change.reason) == ("resend#preview_900101#guide", "눈으로 확인")


def test_no_door_code_travels(owner: Shop) -> None:
    owner.answer(*GUIDE, "--send-to-me", OWN, *WHO)

    (text,) = owner.app.bodies.texts.values()
    assert "[door_code]" in text
    assert "1234*" not in text


def test_the_same_preview_again_is_another_text(owner: Shop) -> None:
    for _ in range(2):
        owner.answer(*GUIDE, "--send-to-me", OWN, *WHO)

    assert [job.occurrence for job in owner.app.jobs.jobs] == ["manual:1", "manual:2"]


def test_the_kill_switch_holds_for_previews_and_they_expire(owner: Shop) -> None:
    owner.app.control.set_kill_switch("all", True, by="test", reason="test")
    owner.answer(*GUIDE, "--send-to-me", OWN, *WHO)

    send_due(owner.app)

    (job,) = owner.app.jobs.jobs
    assert job.state is JobState.AVAILABLE
    assert job.not_after == NOW + timedelta(hours=1)


def test_advertising_waits_for_its_hours(owner: Shop) -> None:
    owner.app.clock.advance(timedelta(hours=8))  # 22:00

    owner.answer("message", "preview", "event-at-eight", "--send-to-me", OWN, *WHO)

    (job,) = owner.app.jobs.jobs
    assert job.state is JobState.SCHEDULED
    assert job.not_before == NOW.replace(day=3, hour=20)
    assert job.not_after > job.not_before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--send-to-me", "01000001111", *WHO), "010-****-1111 is not registered"),
        (("--send-to-me", "nonsense", *WHO), "**** is not registered"),
        (("--send-to-me", OWN), "--by and --reason"),
    ],
)
def test_other_numbers_and_nameless_senders_are_refused(
    owner: Shop, arguments: tuple[str, ...], said: str
) -> None:
    result = owner.run(*GUIDE, *arguments)

    assert result.exit_code == 2
    assert said in result.stderr
    assert owner.app.jobs.jobs == ()


def test_without_a_registered_number_nobody_is_texted(shop: Shop) -> None:
    assert shop.run(*GUIDE, "--send-to-me", OWN, *WHO).exit_code == 2


def test_own_numbers_must_take_texts() -> None:
    with pytest.raises(SettingsInvalid, match=r"BOOKING_SMS_OWN_NUMBERS.*number 2 is landline"):
        Settings.from_environ({"BOOKING_SMS_OWN_NUMBERS": f"{OWN}, 02-000-0000"})
