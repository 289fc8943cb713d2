"""Each row of SENS's list has one job, each accepted job one row; all else is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from outbox_world import World

from booking_sms.domain.errors import GatewayListUnavailable
from booking_sms.domain.sms_job import JobState, Move
from booking_sms.pipeline.audit import AuditReport, audit_day, yesterday
from booking_sms.ports import UnreadableItem
from booking_sms.testing import NOW
from booking_sms.testing.gateway import GatewayFault


@pytest.fixture
def world() -> World:
    return World()


def audited(world: World) -> AuditReport:
    return audit_day(world.services, world.reconcile_policy, NOW.date())


def sent(world: World, **facts: Any):
    job = world.add(**facts)
    world.dispatch()
    return world.stored(job)


def kinds(report: AuditReport) -> list[str]:
    return [found.kind for found in report.residue]


def test_a_day_that_agrees_is_clean_and_noted(world):
    sent(world)
    sent(world, booking=2, message_type="SMS")
    world.advance(hours=1)

    report = audited(world)

    assert report.is_clean
    assert (report.rows, report.accepted, report.matched, report.waiting) == (2, 2, 2, 0)
    assert world.control.get_note("audit")["residue"] == 0
    assert world.control.get_note(f"audit#{NOW.date()}")["rows"] == 2


def test_what_agrees_needs_no_age(world):
    sent(world)

    report = audited(world)

    assert (report.rows, report.accepted, report.matched, report.waiting) == (1, 1, 1, 0)


def test_what_is_younger_than_the_settle_time_and_does_not_agree_waits(world):
    job = sent(world)
    world.gateway.accepted.clear()
    world.advance(minutes=7)

    report = audited(world)

    assert report.is_clean
    assert report.waiting == 1
    world.advance(minutes=2)
    assert [(r.kind, r.job_id) for r in audited(world).residue] == [("job_without_row", job.job_id)]


def test_a_row_that_no_job_has_is_named_and_masked(world):
    sent(world)
    row = world.texts[0]
    world.gateway.accepted.append(replace(row, request_id="REQ-X", subject="other ABC234"))
    world.advance(hours=1)

    (found,) = audited(world).residue

    assert (found.kind, found.request_id, found.job_id) == ("row_without_job", "REQ-X", "")
    assert row.to not in str(found)


def test_a_second_text_of_one_job_is_a_duplicate(world):
    job = sent(world)
    world.gateway.accepted.append(replace(world.texts[0], request_id="REQ-X"))
    world.advance(hours=1)

    assert [(r.kind, r.job_id) for r in audited(world).residue] == [
        ("two_rows_one_job", job.job_id)
    ]


def test_two_rows_of_one_request_are_two_texts(world):
    sent(world)
    world.gateway.accepted.append(replace(world.texts[0], message_id="MSG-X"))
    world.advance(hours=1)

    assert kinds(audited(world)) == ["two_rows_one_job"]


def test_two_jobs_with_one_request(world):
    first = sent(world)
    other = world.add(booking=2, state=JobState.HELD, attempt=1, t0=first.t0)
    world.jobs.move(other, Move.ACCEPT, request_id=first.request_id)
    world.advance(hours=1)

    assert kinds(audited(world)) == ["two_jobs_one_row", "two_jobs_one_row"]


def test_the_row_of_an_open_doubt_waits_for_reconcile(world):
    world.gateway.faults.append(GatewayFault.TIMEOUT_AFTER_ACCEPT)
    sent(world)
    world.advance(hours=1)

    report = audited(world)

    assert report.is_clean
    assert report.waiting == 1


def test_a_text_that_a_person_saw_needs_no_row_and_owns_one_that_names_it(world):
    world.gateway.faults.append(GatewayFault.TIMEOUT_AFTER_ACCEPT)
    job = sent(world)
    world.jobs.move(job, Move.ACCEPT, reason="settled_sent_by_person")
    world.advance(hours=1)

    report = audited(world)

    assert report.is_clean
    assert (report.seen, report.matched) == (1, 1)


def test_a_row_dated_on_the_other_side_of_midnight_is_still_the_jobs(world):
    job = sent(world)
    world.gateway.accepted[0] = replace(world.texts[0], requested_at=NOW.replace(day=1))
    world.advance(hours=1)

    assert audited(world).is_clean
    assert world.stored(job).state is JobState.ACCEPTED


def test_items_that_are_no_jobs_are_named_and_the_rest_is_judged(world):
    sent(world)
    item = UnreadableItem(booking_num="900101_1", sort_key="x", reason="unknown state sung")
    world.jobs.unreadable.append(item)
    world.advance(hours=1)

    report = audited(world)

    assert report.unreadable == [item]
    assert (report.matched, report.is_clean) == (1, False)


def test_an_open_job_that_the_index_lost_is_indexed_again(world):
    job = world.add()
    world.jobs.unindexed.add((job.booking_num, job.sort_key))
    assert world.dispatch().is_idle

    report = audited(world)

    assert report.indexed_again == [job.job_id]
    assert report.is_clean
    world.dispatch()
    assert world.stored(job).state is JobState.ACCEPTED


def test_half_a_list_is_no_proof(world):
    sent(world)
    world.gateway.list_is_down = True

    with pytest.raises(GatewayListUnavailable):
        audited(world)


def test_yesterday_is_the_transport_clocks(world):
    assert yesterday(world.services).isoformat() == "2026-03-01"
