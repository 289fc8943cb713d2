"""A trouble is told once, again when it lasts or gets worse, and taken back when it is over."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest

from booking_sms.domain.errors import AlertFailed, ConnectionInvalid, StoreUnavailable
from booking_sms.notify import Links, Notice, NoticeDesk, Receipt, Severity, Silence, Silences
from booking_sms.notify.desk import note_name
from booking_sms.testing import NOW, FixedClock, InMemoryControlRepository


@dataclass
class Way:
    name: str = "slack"
    least: Severity = Severity.INFO
    told: list = field(default_factory=list)
    fails: bool = False

    def deliver(self, heading, lines, links):
        if self.fails:
            raise AlertFailed(channel=self.name, reason="no_service")
        self.told.append((heading, list(lines), dict(links)))
        return Receipt(channel=self.name, status=200, reference="ab" * 32)


def notice(**fields) -> Notice:
    facts = {"task": "audit_day", "error": "AuditResidue"}
    known = {
        "key": "run#sms_audit",
        "title": "sms_audit failed",
        "severity": Severity.HIGH,
        "where": "sms_audit, run scheduled__1",
        "since": NOW,
        "facts": facts,
        "runbook": "run-errors",
        "logs": "http://127.0.0.1:1/log",
    }
    return Notice(**{**known, **fields})


@pytest.fixture
def clock():
    return FixedClock(NOW)


@pytest.fixture
def control():
    return InMemoryControlRepository()


@pytest.fixture
def slack():
    return Way()


@pytest.fixture
def owner():
    return Way("telegram", Severity.CRITICAL)


@pytest.fixture
def desk(slack, owner, control, clock):
    links = Links(dashboard="http://127.0.0.1:1/dash", runbook="http://127.0.0.1:1/runbook")
    return NoticeDesk([slack, owner], control, clock, links=links)


def test_a_notice_says_what_where_since_and_leads_on(desk, slack):
    assert desk.notify(notice()).outcome == "told"

    ((heading, lines, links),) = slack.told
    assert heading == "[HIGH] sms_audit failed"
    assert lines == [
        "where: sms_audit, run scheduled__1",
        "task: audit_day",
        "error: AuditResidue",
        "since: 2026-03-02 14:00 KST",
    ]
    assert links == {
        "Dashboard": "http://127.0.0.1:1/dash",
        "Logs": "http://127.0.0.1:1/log",
        "Runbook": "http://127.0.0.1:1/runbook#run-errors",
    }


def test_the_same_trouble_is_told_once(desk, slack):
    outcomes = [desk.notify(notice(where=f"run {n}")).outcome for n in range(3)]

    assert outcomes == ["told", "known", "known"]
    assert len(slack.told) == 1


def test_another_trouble_is_told(desk, slack):
    desk.notify(notice())
    desk.notify(notice(key="run#sms_dispatch"))

    assert len(slack.told) == 2


@pytest.mark.parametrize(
    ("severity", "hours"), [(Severity.CRITICAL, 1), (Severity.HIGH, 6), (Severity.MEDIUM, 24)]
)
def test_a_lasting_trouble_is_told_again(desk, slack, clock, severity, hours):
    desk.notify(notice(severity=severity))
    clock.advance(timedelta(hours=hours, seconds=-1))
    assert desk.notify(notice(severity=severity)).outcome == "known"
    clock.advance(timedelta(seconds=1))

    assert desk.notify(notice(severity=severity)).outcome == "told"
    assert len(slack.told) == 2


def test_a_trouble_that_gets_worse_is_told_at_once(desk, slack, owner):
    desk.notify(notice(severity=Severity.MEDIUM))
    desk.notify(notice(severity=Severity.CRITICAL))

    assert len(slack.told) == 2
    assert len(owner.told) == 1


def test_the_end_is_told_to_whoever_heard_of_the_beginning(desk, slack, owner, clock):
    desk.notify(notice(severity=Severity.CRITICAL))
    clock.advance(timedelta(minutes=95))

    assert desk.recovered("run#sms_audit").outcome == "told"

    for way in (slack, owner):
        heading, lines, _ = way.told[-1]
        assert heading == "RECOVERED: sms_audit failed"
        assert "lasted: 1 h 35 min" in lines
    assert desk.recovered("run#sms_audit").outcome == "no_trouble"
    assert desk.notify(notice()).outcome == "told"


def test_the_owner_is_not_told_of_the_end_of_what_he_never_heard_of(desk, owner):
    desk.notify(notice(severity=Severity.HIGH))
    desk.recovered("run#sms_audit")

    assert owner.told == []


def test_where_nothing_was_wrong_nobody_hears_anything(desk, slack):
    assert desk.recovered("run#sms_audit").outcome == "no_trouble"
    assert slack.told == []


def test_what_reached_nobody_is_tried_again(desk, slack):
    slack.fails = True
    first = desk.notify(notice())
    slack.fails = False

    assert (first.outcome, first.failed) == ("undelivered", ("slack",))
    assert desk.notify(notice()).outcome == "told"


def test_one_broken_channel_does_not_silence_the_others(desk, slack, owner):
    slack.fails = True

    delivery = desk.notify(notice(severity=Severity.CRITICAL))

    assert len(owner.told) == 1
    assert (delivery.outcome, delivery.failed) == ("told", ("slack",))


def test_a_silence_holds_to_the_end_of_its_day_and_no_longer(slack, control, clock):
    silence = Silence(key="run#sms_*", issue="OPS-7", reason="x", expires=date(2026, 3, 2))
    desk = NoticeDesk([slack], control, clock, silences=Silences((silence,)))

    assert desk.notify(notice()).outcome == "silenced"
    assert desk.notify(notice(key="run#golden_parity")).outcome == "told"
    clock.advance(timedelta(hours=10))

    assert desk.notify(notice()).outcome == "told"


@pytest.mark.parametrize(
    "error",
    [
        StoreUnavailable(table="sms_control"),
        ConnectionInvalid(service="dynamodb", reason="ExpiredToken"),
    ],
    ids=["down", "a key was taken away"],
)
def test_a_table_that_does_not_answer_does_not_keep_a_notice_back(slack, clock, error):
    class Down:
        def get_note(self, name):
            raise error

        def put_note(self, name, value):
            raise error

    assert NoticeDesk([slack], Down(), clock).notify(notice()).outcome == "told"


def test_a_test_goes_through_every_way_whatever_is_known(desk, slack, owner):
    desk.notify(notice())

    assert len(desk.test(notice(severity=Severity.INFO)).receipts) == 2
    assert len(owner.told) == 1


def test_what_looks_like_a_phone_is_masked_wherever_it_stands(desk, slack):
    desk.notify(
        notice(title="no text to 01000001234", facts={"to": "+82 10-0000-5678, 050-0000-1111"})
    )

    shown = str(slack.told)
    assert "01000001234" not in shown
    assert "0000-5678" not in shown
    assert "0000-1111" not in shown
    assert "010-****-1234" in shown
    assert "2026-03-02 14:00 KST" in shown


@pytest.mark.parametrize("key", ["", "Run", "run failed", "x" * 121, "run#01000001234\n"])
def test_a_key_is_a_name(key):
    with pytest.raises(ValueError, match="key"):
        notice(key=key)


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="since"):
        notice(since=NOW.replace(tzinfo=None))


def test_the_end_and_the_note_are_masked_too(desk, slack, control):
    desk.notify(notice(title="no text to 01000001234"))
    desk.recovered(notice().key)

    assert "01000001234" not in str(slack.told) + str(control.get_note(note_name(notice().key)))


def test_an_event_is_told_once_however_late_it_comes_again(desk, slack, clock):
    for _ in range(3):
        desk.notify(notice(severity=Severity.INFO, is_event=True))
        clock.advance(timedelta(days=2))

    assert len(slack.told) == 1


def test_a_way_that_failed_is_told_when_the_trouble_is_seen_again(desk, slack, owner):
    owner.fails = True
    desk.notify(notice(severity=Severity.CRITICAL))
    still = desk.notify(notice(severity=Severity.CRITICAL))
    owner.fails = False
    again = [desk.notify(notice(severity=Severity.CRITICAL)).outcome for _ in range(2)]

    assert (still.outcome, still.failed) == ("known", ("telegram",))
    assert again == ["told", "known"]
    assert (len(slack.told), len(owner.told)) == (1, 1)


def test_an_end_that_one_way_did_not_take_is_told_there_later(desk, slack, owner):
    desk.notify(notice(severity=Severity.CRITICAL))
    owner.fails = True
    desk.recovered(notice().key)
    owner.fails = False

    assert [desk.recovered(notice().key).outcome for _ in range(2)] == ["told", "no_trouble"]
    assert (len(slack.told), len(owner.told)) == (2, 2)


def test_a_trouble_that_is_back_before_its_end_was_told_everywhere_is_told_anew(desk, slack, owner):
    desk.notify(notice(severity=Severity.CRITICAL))
    owner.fails = True
    desk.recovered(notice().key)
    owner.fails = False

    assert desk.notify(notice(severity=Severity.CRITICAL)).outcome == "told"
    assert (len(slack.told), len(owner.told)) == (3, 2)
