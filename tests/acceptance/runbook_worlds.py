"""States in which the runbook's commands are tried, and what its reader would put in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from shutil import copytree
from typing import Any

from booking_sms.adapters.dynamodb import DynamoDbSessionStore, TableNames
from booking_sms.domain.booking import KST
from booking_sms.ports import SessionRecord
from booking_sms.workflow import campaign_start

from .world import AT, FIRST_STORE, PROJECT, Installation, World, eventually

SOON, TOMORROW = "2026-03-02T14:40:00+09:00", "2026-03-03T15:00:00+09:00"
PHONES = ("01000000011", "01000000012")
WHO = ("--by", "runbook", "--reason", "test")
QUICK = {"BOOKING_SMS_SENS_TIMEOUT_S": "2", "BOOKING_SMS_LEASE_S": "3"}
LATER = "2026-03-02T15:00:00+09:00"
FIRST_WINDOW = datetime.fromisoformat(AT)


def calm(world: World, chain: Installation) -> None:
    """One visit tomorrow, decided and texted."""
    world.book(phone=PHONES[0], start=TOMORROW)
    chain.run()


def stopped(world: World, chain: Installation) -> None:
    """Somebody turned the switch of all sending; a text is due and waits."""
    world.book(phone=PHONES[0], start=TOMORROW)
    chain.cli("control", "kill", "all", *WHO)
    chain.run()


def late(world: World, chain: Installation) -> None:
    """The same, and the visit is in forty minutes."""
    world.book(phone=PHONES[0], start=SOON)
    chain.cli("control", "kill", "all", *WHO)
    chain.run()


def held(world: World, chain: Installation) -> None:
    """The day's cap was reached with the first of two texts."""
    for phone in PHONES:
        world.book(phone=phone, start=TOMORROW)
    chain.run(BOOKING_SMS_DAILY_TEXT_CAP="1")


def doubt(world: World, chain: Installation) -> None:
    """SENS took a text and its answer was lost."""
    world.book(phone=PHONES[0], start=TOMORROW)
    world.fault("sens", "send", "drop_after_accept")
    chain.run(**QUICK)


def undelivered(world: World, chain: Installation) -> None:
    """The carrier could not deliver."""
    world.fault("sens", "send", "undelivered", times=None)
    calm(world, chain)
    chain.reconcile()


def missed(world: World, chain: Installation) -> None:
    """Nothing ran for an hour after the first window."""
    calm(world, chain)
    world.set_clock(LATER)


def failed_store(world: World, chain: Installation) -> None:
    """One store cannot be read."""
    world.book(phone=PHONES[0], start=TOMORROW)
    world.fault("naver_booking", "*", "http_500", times=None, match={"store": "900102"})
    chain.cli("run", "--at", AT)


def person(world: World, chain: Installation) -> None:
    """Naver showed a captcha."""
    calm(world, chain)
    names = TableNames(chain.prefix)
    store = DynamoDbSessionStore(world.dynamodb, names, sealer=chain.app.sealer)
    store.save(SessionRecord(cookies=(), state="CAPTCHA"))


def residue(world: World, chain: Installation) -> None:
    """SENS lists a text whose job is gone."""
    calm(world, chain)
    for item in chain.items("sms_jobs"):
        key = {name: {"S": str(item[name])} for name in ("booking_num", "sort_key")}
        world.dynamodb.delete_item(TableName=f"{chain.prefix}sms_jobs", Key=key)
    chain.environ["BOOKING_SMS_SETTLE_S"] = "2"
    today = datetime.now(KST).date().isoformat()
    assert eventually(lambda: chain.cli("audit", "--day", today).code == 1)


def silent(world: World, chain: Installation) -> None:
    """No store had a booking for an hour."""
    chain.environ["BOOKING_SMS_NO_BOOKINGS_HOURS"] = "1"
    for minutes in (60, 40, 20, 0):
        chain.run(at=(FIRST_WINDOW - timedelta(minutes=minutes)).isoformat())


def two_rules(world: World, chain: Installation) -> None:
    """Rules were applied, and again with another text."""
    home = chain.stage.parent / "home"
    for folder in ("rules", "messages", "stores"):
        copytree(PROJECT / "include" / folder, home / folder)
    chain.environ["BOOKING_SMS_HOME"] = str(home)
    text = home / "messages" / "guide.yaml"
    for new in ("곧 시작될", "이제 시작될"):
        written = text.read_text(encoding="utf-8").replace("곧 시작될", new)
        text.write_text(written, encoding="utf-8")
        done = chain.cli("rules", "apply", *WHO)
        assert done.code == 0, done.said


def applied(world: World, chain: Installation) -> None:
    """Topic, log group and alarms are there."""
    calm(world, chain)
    chain.cli("monitoring", "apply")


def campaign(world: World, chain: Installation) -> None:
    """A shadow campaign is open, and the predecessor's table holds a row."""
    calm(world, chain)
    chain.put("session", {"id": "1", "cookies": json.dumps(world.sign_in())})
    chain.cli("control", "set-mode", "comparison", *WHO)
    facts, _ = campaign_start.bootstrap(chain.app, "campaign-1", dry_run=True)
    campaign_start.open_campaign(chain.app, facts)


WORLDS: dict[str, Callable[[World, Installation], None]] = {
    maker.__name__.replace("_", "-"): maker
    for maker in (
        calm,
        stopped,
        late,
        held,
        doubt,
        undelivered,
        missed,
        failed_store,
        person,
        residue,
        silent,
        two_rules,
        applied,
        campaign,
    )
}


class Reader:
    """Puts in what somebody at the keyboard would; looked up when it is first needed."""

    def __init__(self, world: World, chain: Installation) -> None:
        self.world = world
        self.chain = chain
        self.screen = ""
        self.kept: dict[str, str] = {}

    def value(self, name: str) -> str:
        """What stands for a placeholder in this world."""
        if name not in self.kept:
            self.kept[name] = str(getattr(self, f"_{name.lower()}")())
        return self.kept[name]

    def _job_item(self) -> dict[str, Any]:
        """The job that the entry is about: one that waits for a person before all others."""
        jobs = self.chain.jobs()
        return min(jobs, key=lambda job: job["state"] not in ("held", "outcome_unknown"))

    def _booking(self) -> str:
        return str(self._job_item()["booking_num"])

    def _job(self) -> str:
        shown = self.chain.cli("outbox", "show", self._booking(), "--json").json
        waiting = [job for job in shown if job["state"] in ("held", "outcome_unknown")]
        return str((waiting or shown)[0]["job_id"])

    def _plan(self) -> str:
        return self._previewed()[0]

    def _hash(self) -> str:
        return self._previewed()[1]

    def _previewed(self) -> tuple[str, str]:
        """Plan and hash, from the line that the last preview ends with."""
        (*_, (plan, plan_hash)) = re.findall(r"repair approve (\S+) --hash (\S+)", self.screen)
        return str(plan), str(plan_hash)

    def _name(self) -> str:
        return "operator"

    def _store(self) -> str:
        return FIRST_STORE

    def _window(self) -> str:
        return AT

    def _since(self) -> str:
        return (FIRST_WINDOW + timedelta(minutes=20)).isoformat()

    def _until(self) -> str:
        return (FIRST_WINDOW + timedelta(minutes=40)).isoformat()

    def _start(self) -> int:
        return self._end() - 3600

    def _end(self) -> int:
        return int(datetime.now(KST).timestamp())

    def _day(self) -> str:
        return datetime.now(KST).date().isoformat()

    def _request(self) -> str:
        return str(self.world.texts()[0]["request_id"])

    def _campaign(self) -> str:
        return "campaign-1"

    def _secret(self) -> str:
        return f"booking-sms/stores/{FIRST_STORE}"

    def _dag(self) -> str:
        return "booking_sms_etl"

    def _run(self) -> str:
        return "scheduled__2026-03-02T05:00:00+00:00"

    def _airflow(self) -> str:
        return "http://127.0.0.1:8080"

    def _service(self) -> str:
        return "scheduler"
