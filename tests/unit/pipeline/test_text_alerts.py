"""A broken text is told of once: not once a job, not once a window."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from rule_world import CATALOG, INCLUDE, decide, shop_secrets, with_catalog

from booking_sms.config.catalog_loader import load_catalog
from booking_sms.domain.booking import BookingStatus
from booking_sms.domain.catalog import Catalog
from booking_sms.domain.payload_fields import PayloadFields
from booking_sms.domain.rule import RuleSet
from booking_sms.domain.sms_job import JobState
from booking_sms.domain.template import MessageCatalog, MessageTemplate
from booking_sms.pipeline.build import build_jobs
from booking_sms.pipeline.job_batch import JobBatch
from booking_sms.pipeline.text_alerts import alert_on_texts
from booking_sms.testing import NOW, InMemoryControlRepository, InMemorySecretSource, make_booking

HOUR = timedelta(hours=1)


def catalog_saying(text: str, name: str = "guide") -> Catalog:
    told = MessageTemplate(name=name, subject="안내", text=text)
    templates = {**CATALOG.messages.templates, name: told}
    return with_catalog(messages=MessageCatalog(templates=templates))


def batch_of(catalog: Catalog, now: datetime = NOW, **booking: Any) -> JobBatch:
    """Two stores' bookings, each with a confirmation and a guide."""
    found = [
        make_booking(starts_in=HOUR, store_id=store, booking_id=f"70000000{number}", **booking)
        for number, store in enumerate(("900101", "900101", "900102"))
    ]
    return build_jobs(
        decide(*found, as_of=now, rules=catalog.rules),
        catalog,
        shop_secrets(),
        hmac_key=b"test-key",
        code_version="test",
        now=now,
    )


class Team:
    """Who reads the alerts; a deaf one hears nothing."""

    def __init__(self) -> None:
        self.control = InMemoryControlRepository()
        self.heard: list[str] = []
        self.is_deaf = False

    def tell(self, catalog: Catalog, now: datetime = NOW, **booking: Any) -> int:
        batch = batch_of(catalog, now, **booking)
        return alert_on_texts(batch, catalog.messages, self.control, now, self.listen)

    def listen(self, line: str) -> bool:
        if not self.is_deaf:
            self.heard.append(line)
        return not self.is_deaf


@pytest.fixture
def team() -> Team:
    return Team()


def test_one_alert_names_the_text_the_reason_and_the_stores(team: Team) -> None:
    assert team.tell(catalog_saying("{{ store.lift }}")) == 1

    (line,) = team.heard
    assert line.startswith("text guide: 3 messages held: TextUnresolved template=guide why=")
    assert line.endswith("; stores: 900101, 900102 (window 2026-03-02T14:00:00+09:00)")


def test_the_next_window_is_silent_and_the_next_day_is_not(team: Team) -> None:
    broken = catalog_saying("{{ store.lift }}")
    batch = batch_of(broken)

    told = [
        alert_on_texts(batch, broken.messages, team.control, NOW + hours * HOUR, team.listen)
        for hours in (0, 9, 10)
    ]

    assert told == [1, 0, 1], "14:00, 23:00, and midnight, when a new day begins"


def test_a_new_version_of_the_text_is_told_of_anew(team: Team) -> None:
    team.tell(catalog_saying("{{ store.lift }}"))

    assert team.tell(catalog_saying("{{ store.lift }}!")) == 1


def test_another_trouble_with_the_same_text_is_told_of_too(team: Team) -> None:
    text = "{{ booking.fields.gate or '가' * 1001 }}"
    team.tell(catalog_saying(text), fields=PayloadFields({}))

    assert team.tell(catalog_saying(text), fields=PayloadFields({"gate": ""})) == 1
    assert "TextUnresolved" in team.heard[0]
    assert "TextTooLong" in team.heard[1]


def test_what_nobody_heard_is_told_again(team: Team) -> None:
    team.is_deaf = True
    assert team.tell(catalog_saying("{{ store.lift }}")) == 0

    team.is_deaf = False
    assert team.tell(catalog_saying("{{ store.lift }}")) == 1


def test_sound_texts_and_odd_phones_are_no_matter_of_texts(team: Team) -> None:
    assert team.tell(CATALOG) == 0
    assert team.tell(CATALOG, phone="020000000") == 0


def test_a_field_of_another_type_holds_its_own_job_and_the_others_go_on(team: Team) -> None:
    broken = catalog_saying("{{ booking.fields.totalPrice | korean_date }}")
    fields = PayloadFields({"totalPrice": 30000})

    jobs = [job for job, _ in batch_of(broken, fields=fields).jobs]

    held = {job.kind for job in jobs if job.state is JobState.HELD}
    assert held == {"guide"}
    assert {job.state for job in jobs if job.kind == "confirm"} == {JobState.AVAILABLE}
    assert {job.reason for job in jobs if job.kind == "guide"} == {
        "TextUnresolved template=guide why=TypeError"
    }
    assert all(job.template_digest for job in jobs)


def test_characters_that_sens_may_refuse_are_told_of_and_go_out(team: Team) -> None:
    catalog = catalog_saying("뷁 안내")

    assert team.tell(catalog) == 1
    assert "U+BDC1 outside EUC-KR" in team.heard[0]
    guides = [job for job, _ in batch_of(catalog).jobs if job.kind == "guide"]
    assert {(job.state, job.outside_euc_kr) for job in guides} == {(JobState.AVAILABLE, "U+BDC1")}


def test_a_broken_notice_is_told_of_like_a_text(team: Team) -> None:
    catalog = with_catalog(
        rules=RuleSet.model_validate({
            "name": "mine",
            "rules": [
                {
                    "name": "roster",
                    "action": "send_slack",
                    "kind": "roster",
                    "template": "roster",
                    "when": {"type": "booking_status", "status": BookingStatus.CONFIRMED.value},
                    "not_after": {"as_of": "1h"},
                }
            ],
        }),
        messages=MessageCatalog(
            templates={
                "roster": MessageTemplate(
                    name="roster", subject="", text="{{ booking.phone }}", form="notice"
                )
            }
        ),
    )

    assert team.tell(catalog) == 1
    assert team.heard[0].startswith("text roster: 3 messages held: TextUnresolved")


def test_a_missing_secret_is_told_of_by_its_reference(team: Team) -> None:
    catalog = load_catalog(INCLUDE, "legacy")
    batch = build_jobs(
        decide(make_booking(starts_in=HOUR)),
        catalog,
        InMemorySecretSource(),
        hmac_key=b"test-key",
        code_version="test",
        now=NOW,
    )

    assert alert_on_texts(batch, catalog.messages, team.control, NOW, team.listen) == 1
    assert "900101#door_code" in team.heard[0]
