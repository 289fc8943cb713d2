"""What people read: masked, silent when idle; and the identity that nothing is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from booking_sms.domain.errors import AccountingBroken
from booking_sms.domain.sms_job import ACCOUNTING, JobState, SmsJob
from booking_sms.domain.window import CoverageStatus
from booking_sms.pipeline.accounting import accounting, count_jobs, group_of
from booking_sms.pipeline.report import (
    dispatch_text,
    last_four,
    summary_lines,
    window_accounting,
    window_text,
)
from booking_sms.testing import (
    NOW,
    InMemorySmsJobRepository,
    make_coverage,
    make_job,
    make_store_directory,
    make_window,
)

STORES = make_store_directory("900101", "900102")


@dataclass(frozen=True)
class Batch:
    jobs: tuple[tuple[SmsJob, str], ...]


def stored(*jobs):
    repository = InMemorySmsJobRepository()
    for job in jobs:
        repository.insert_if_absent(job)
    return repository


def keys(*jobs):
    return [(job.booking_num, job.sort_key) for job in jobs]


# --- live texts -------------------------------------------------------------------------------


def test_a_dispatch_tells_what_was_sent_in_the_predecessors_words_masked():
    confirmation = make_job(kind="confirm", state=JobState.ACCEPTED)
    guide = make_job(kind="guide", state=JobState.DELIVERED)

    text = dispatch_text(stored(confirmation, guide), STORES, keys(confirmation, guide))

    assert text == "s01 1234 예약확정 문자 발송 완료\ns01 1234 안내 문자 발송 완료"
    assert "010" not in text


def test_an_idle_dispatch_is_silent():
    job = make_job(state=JobState.OUTCOME_UNKNOWN)

    assert dispatch_text(stored(job), STORES, []) is None
    assert dispatch_text(stored(job), STORES, keys(job)) is None
    assert dispatch_text(stored(), STORES, keys(job)) is None


def test_failures_and_unknown_stores_are_readable():
    job = make_job(kind="event", store_id="900999", state=JobState.REJECTED)

    assert summary_lines([job], STORES) == "900999 1234 옵션 문자 발송 실패"


def test_a_window_tells_what_it_did_not_do():
    coverage = [
        make_coverage(),
        make_coverage(
            store_id="900102", status=CoverageStatus.FAILED, reason="BookingApiUnavailable"
        ),
        make_coverage(status=CoverageStatus.PARTIAL, quarantined=2),
    ]
    jobs = [
        make_job(state=JobState.HELD, reason="awaiting_approval"),
        make_job(kind="event", state=JobState.SUPPRESSED, reason="opted_out"),
        make_job(kind="confirm", state=JobState.ACCEPTED),
    ]

    assert window_text(make_window(), coverage, jobs, STORES) == (
        "03-02 14:00 회차\n"
        "s02 예약 조회 실패: BookingApiUnavailable\n"
        "s01 예약 일부 제외: 2건\n"
        "s01 1234 안내 문자 보류: awaiting_approval\n"
        "s01 1234 옵션 문자 발송 제외: opted_out"
    )


def test_a_window_that_did_everything_is_silent():
    jobs = [make_job(state=JobState.ACCEPTED), make_job(state=JobState.AVAILABLE)]

    assert window_text(make_window(), [make_coverage()], jobs, STORES) is None


@pytest.mark.parametrize(
    ("phone", "shown"),
    [("01000001234", "1234"), ("0100-000-1234", "1234"), ("1234", "----"), ("", "----")],
)
def test_only_the_last_four_digits_are_shown(phone, shown):
    assert last_four(phone) == shown


# --- accounting -------------------------------------------------------------------------------


def test_every_state_is_in_exactly_one_group():
    states = [state for states in ACCOUNTING.values() for state in states]

    assert sorted(states) == sorted(JobState)
    assert {group_of(state.value) for state in JobState} == set(ACCOUNTING)


def test_planned_is_the_sum_of_all_outcomes():
    counts = count_jobs(
        make_job(booking_num=f"900101_{number}", state=state)
        for number, state in enumerate(JobState)
    )

    identity = accounting(counts, {("900101", "guide"): len(JobState)})

    assert identity.planned == len(JobState) == sum(identity.groups.values())
    assert identity.groups == {
        "sent": 3,
        "refused": 1,
        "skipped": 2,
        "superseded": 1,
        "expired": 1,
        "held": 1,
        "in_flight": 5,
    }


def test_accounts_are_kept_by_store_and_rule():
    identity = accounting({
        ("900101", "guide", "accepted"): 2,
        ("900102", "guide", "held"): 1,
    }).as_dict()

    assert identity["accounts"] == {"900101/guide": {"sent": 2}, "900102/guide": {"held": 1}}
    assert (identity["planned"], identity["sent"], identity["held"]) == (3, 2, 1)


@pytest.mark.parametrize(
    "planned",
    [
        pytest.param({("900101", "guide"): 3}, id="one lost"),
        pytest.param({("900101", "guide"): 1}, id="one too many"),
        pytest.param({("900102", "guide"): 2}, id="another store's"),
        pytest.param({("900101", "guide"): 2, ("900101", "event"): 1}, id="a rule lost"),
    ],
)
def test_an_identity_that_does_not_add_up_is_an_error(planned):
    with pytest.raises(AccountingBroken, match=r"900101/(guide|event)"):
        accounting({("900101", "guide", "accepted"): 2}, planned)


def test_a_state_that_nobody_knows_is_an_error():
    with pytest.raises(AccountingBroken, match="vanished"):
        accounting({("900101", "guide", "vanished"): 1})


def test_a_windows_accounting_is_read_from_the_outbox():
    planned = make_job()
    repository = stored(planned.evolve(state=JobState.ACCEPTED))

    identity = window_accounting(Batch(((planned, "text"),)), repository)

    assert identity.groups["sent"] == identity.planned == 1


def test_a_planned_job_that_is_not_in_the_outbox_is_an_error():
    with pytest.raises(AccountingBroken, match="planned 1, found 0"):
        window_accounting(Batch(((make_job(), "text"),)), stored())


def test_a_job_that_another_rule_of_its_kind_planned_first_is_accounted_for():
    first = make_job(rule="two hours before", state=JobState.DELIVERED)
    again = make_job(rule="two hours sync", window=make_window(NOW + timedelta(minutes=20)).name)

    identity = window_accounting(Batch(((again, "text"),)), stored(first))

    assert identity.accounts == {("900101", "two hours sync"): {"sent": 1}}
