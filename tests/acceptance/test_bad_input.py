"""Bad input: one clear line that says what and where, a non-zero exit, and nothing half-done."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .world import AT, PROJECT, Done, Installation, World

pytestmark = pytest.mark.integration

RUN = ("run", "--at", AT, "--json")
NOWHERE = "http://127.0.0.1:9"
SOON = "2026-03-02T15:00:00+09:00"


def assert_one_line(done: Done, *words: str) -> None:
    """The command failed, and the last thing on stderr is our line with these words."""
    assert done.code != 0
    assert "Traceback" not in done.said
    lines = done.err.strip().splitlines()
    assert [line.startswith("booking-sms:") for line in lines if not line.startswith("{")] == [True]
    for word in words:
        assert word in lines[-1]


def assert_nothing_happened(world: World, chain: Installation) -> None:
    """No window, no job, no text, no flag."""
    assert [chain.items(name) for name in ("sms_windows", "sms_jobs", "sms_bodies", "sms")] == [
        [],
        [],
        [],
        [],
    ]
    assert world.texts() == []


def changed(chain: Installation, name: str, **changes: Any) -> dict[str, str]:
    """A connection with some fields replaced; ``extra`` is merged."""
    variable = f"AIRFLOW_CONN_{name}_DEFAULT"
    fields = json.loads(chain.environ[variable])
    extra = fields.get("extra", {}) | changes.pop("extra", {})
    return {variable: json.dumps(fields | changes | {"extra": extra})}


@pytest.fixture
def bare(world: World, tmp_path: Path) -> Iterator[Installation]:
    """Before the first ``doctor --fix``: what is refused here is refused before any table."""
    with Installation(world, tmp_path / "stage") as made:
        yield made


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The owner's files, to be spoiled."""
    home = tmp_path / "home"
    for name in ("rules", "messages", "stores"):
        shutil.copytree(PROJECT / "include" / name, home / name)
    return home


def spoil(path: Path, old: str, new: str) -> int:
    """Replace a text once; the line where it was."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def keep_one_store(files: Path) -> None:
    """Each store that does not answer costs two pauses."""
    for path in (files / "stores").glob("9*.yaml"):
        if path.stem != "900101":
            path.unlink()


# --- connections and settings -----------------------------------------------------------------


@pytest.mark.parametrize("name", ["NAVER", "SENS", "AWS", "BOOKING_SMS"])
@pytest.mark.parametrize("command", [RUN, ("dispatch",), ("reconcile",), ("doctor",)])
def test_missing_connection_is_named(
    bare: Installation, name: str, command: tuple[str, ...]
) -> None:
    variable = f"AIRFLOW_CONN_{name}_DEFAULT"

    done = bare.cli(*command, **{variable: ""})

    assert_one_line(done, f"{name.lower()}_default", variable, "not defined")


def test_texts_go_out_without_any_chat(world: World, chain: Installation) -> None:
    world.book(phone="01000000011")

    chain.run(AIRFLOW_CONN_TELEGRAM_DEFAULT="", AIRFLOW_CONN_SLACK_DEFAULT="")

    assert len(world.texts()) == 1


@pytest.mark.parametrize(
    ("name", "changes", "field"),
    [
        ("NAVER", {"password": ""}, "password"),
        ("NAVER", {"extra": {"login_url": ""}}, "extra.login_url"),
        ("NAVER", {"extra": {"booking_url": "partner.example"}}, "extra.booking_url"),
        ("SENS", {"login": None}, "login"),
        ("SENS", {"port": "many"}, "schema://host:port"),
        ("SENS", {"extra": {"service_id": ""}}, "extra.service_id"),
        ("TELEGRAM", {"extra": {"chat_id": ""}}, "extra.chat_id"),
        ("SLACK", {"password": ""}, "password"),
        ("AWS", {"extra": {"region_name": ""}}, "extra.region_name"),
        (
            "AWS",
            {"extra": {"service_config": {"dynamodb": {"endpoint_url": "localhost"}}}},
            "extra.service_config.dynamodb.endpoint_url",
        ),
        ("BOOKING_SMS", {"extra": {"hmac_key": ""}}, "extra.hmac_key"),
    ],
)
def test_wrong_field_of_a_connection_is_named(
    bare: Installation, name: str, changes: dict[str, Any], field: str
) -> None:
    done = bare.cli(*RUN, **changed(bare, name, **changes))

    assert_one_line(done, f"{name.lower()}_default", field)


def test_connection_that_is_no_json_is_named(bare: Installation) -> None:
    done = bare.cli(*RUN, AIRFLOW_CONN_SENS_DEFAULT="http://127.0.0.1")

    assert_one_line(done, "AIRFLOW_CONN_SENS_DEFAULT", "not JSON")


def test_all_problems_are_told_at_once(bare: Installation) -> None:
    missing = bare.cli(*RUN, AIRFLOW_CONN_NAVER_DEFAULT="", AIRFLOW_CONN_AWS_DEFAULT="")
    wrong = bare.cli(*RUN, BOOKING_SMS_LEASE_S="long", BOOKING_SMS_LAESE_S="60")

    assert_one_line(missing, "naver_default", "aws_default")
    assert_one_line(wrong, "BOOKING_SMS_LEASE_S", "BOOKING_SMS_LAESE_S")


def test_short_settle_time_is_for_a_loopback_sens_only(bare: Installation) -> None:
    elsewhere = changed(bare, "SENS", host="sens.example.invalid")

    done = bare.cli(*RUN, BOOKING_SMS_SETTLE_S="5", BOOKING_SMS_CLOCK_URL="", **elsewhere)

    assert_one_line(done, "BOOKING_SMS_SETTLE_S", "330")


# --- services that do not answer --------------------------------------------------------------


def test_booking_host_that_does_not_answer_is_named_and_due_texts_go_out(
    world: World, chain: Installation, files: Path
) -> None:
    keep_one_store(files)
    world.book(phone="01000000011")
    chain.app.control.set_kill_switch("all", True, by="test", reason="not yet")
    chain.run(BOOKING_SMS_HOME=str(files))
    chain.app.control.set_kill_switch("all", False, by="test", reason="now")

    done = chain.cli(
        *("run", "--at", "2026-03-02T14:20:00+09:00"),
        BOOKING_SMS_HOME=str(files),
        **changed(chain, "NAVER", extra={"booking_url": NOWHERE}),
    )

    assert_one_line(done, "900101 BookingApiUnavailable", "naver_default", NOWHERE)
    windows = sorted(chain.items("sms_windows"), key=lambda row: row["as_of"])
    assert [row["status"] for row in windows] == ["covered", "failed"]
    assert len(world.texts()) == 1


@pytest.mark.browser
def test_login_host_that_does_not_answer_is_named(world: World, chain: Installation) -> None:
    chain.forget_session()

    done = chain.cli(*RUN, **changed(chain, "NAVER", extra={"login_url": NOWHERE}))

    assert_one_line(done, "LoginUnavailable", "naver_default", NOWHERE)
    assert {row["status"] for row in chain.items("sms_windows")} == {"failed"}


@pytest.mark.browser
def test_wrong_naver_password_is_tried_once(world: World, chain: Installation) -> None:
    chain.forget_session()
    wrong = changed(chain, "NAVER", password="wrong")

    tries = [chain.cli(*RUN, **wrong) for _ in range(2)]

    for done in tries:
        assert_one_line(done, "LoginRejected", "naver_default", "control reset-session")
    assert world.control("GET", "/control/naver/account")["failures"] == 1
    assert chain.jobs() == []


def test_sens_that_does_not_answer_is_named_and_the_text_waits(
    world: World, chain: Installation
) -> None:
    world.book(phone="01000000011")

    done = chain.cli(*RUN, **changed(chain, "SENS", port=9))

    assert_one_line(done, "not_sent:connect_failed 1", "sens_default", NOWHERE)
    assert (chain.states(), chain.ledger()) == ({"confirm": "retryable"}, [])


def test_list_of_sens_that_does_not_answer_is_named_and_the_doubt_stays(
    world: World, chain: Installation
) -> None:
    world.book(phone="01000000011")
    world.fault("sens", "send", "drop_after_accept")
    chain.run()

    done = chain.cli("reconcile", "--json", **changed(chain, "SENS", port=9))

    assert_one_line(done, "list", "1 texts", "sens_default", NOWHERE)
    assert chain.states() == {"confirm": "outcome_unknown"}


def test_tables_that_do_not_answer_are_named(world: World, chain: Installation) -> None:
    endpoint = {"dynamodb": {"endpoint_url": NOWHERE}}

    done = chain.cli(*RUN, **changed(chain, "AWS", extra={"service_config": endpoint}))

    assert_one_line(done, "StoreUnavailable", "aws_default", NOWHERE)
    assert_nothing_happened(world, chain)


def test_secrets_that_do_not_answer_are_named(world: World, chain: Installation) -> None:
    world.book(start=SOON, phone="01000000011")

    done = chain.cli(*RUN, **changed(chain, "AWS", extra={"endpoint_url": NOWHERE}))

    assert_one_line(done, "secretsmanager", "aws_default", NOWHERE)
    assert (chain.jobs(), world.texts()) == ([], [])


def test_world_clock_that_does_not_answer_is_named(world: World, chain: Installation) -> None:
    done = chain.cli(*RUN, BOOKING_SMS_CLOCK_URL=f"{NOWHERE}/clock")

    assert_one_line(done, "world clock", NOWHERE)
    assert_nothing_happened(world, chain)


def test_chats_that_do_not_answer_stop_no_text(world: World, chain: Installation) -> None:
    world.book(phone="01000000011")

    chain.run(**changed(chain, "TELEGRAM", port=9))

    assert len(world.texts()) == 1


def test_stage_that_cannot_be_written_is_named(chain: Installation) -> None:
    done = chain.cli(*RUN, BOOKING_SMS_STAGE_URL="file:///proc/no-such-folder")

    assert_one_line(done, "/proc/no-such-folder")


# --- tables -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "table"),
    [(RUN, "sms"), (RUN, "sms_plans"), (("dispatch",), "sms_bodies"), (("reconcile",), "sms")],
)
def test_missing_table_is_named_before_anything_happens(
    chain: Installation, command: tuple[str, ...], table: str
) -> None:
    chain.drop(table)

    done = chain.cli(*command)

    assert_one_line(done, chain.prefix + table, "booking-sms doctor --fix", "aws_default")
    assert chain.items("sms_windows") == []


def test_doctor_finds_a_missing_table_and_makes_it(chain: Installation) -> None:
    chain.drop("sms_windows")

    found, fixed = chain.cli("doctor", "--json"), chain.cli("doctor", "--fix", "--json")

    assert (found.code, fixed.code) == (1, 0)
    assert [f["detail"] for f in found.json if f["severity"] == "must" and not f["ok"]] == [
        f"missing tables: {chain.prefix}sms_windows; create them: booking-sms doctor --fix"
    ]
    assert chain.items("sms_windows") == []


# --- the owner's files ------------------------------------------------------------------------


BROKEN = [
    pytest.param("rules/legacy.yaml", "rules:\n", "rules: [\n", "", id="no YAML"),
    pytest.param("rules/legacy.yaml", "priority: 0", "urgency: 0", "urgency", id="unknown key"),
    pytest.param(
        "rules/legacy.yaml",
        "    flag: confirm_sms\n",
        '    flag: confirm_sms\n    stores: ["900999"]\n',
        "900999",
        id="unknown store in a rule",
    ),
    pytest.param("messages/confirm.yaml", "name: confirm", "nmae: confirm", "nmae", id="message"),
    pytest.param("stores/900104.yaml", 'store_id: "900104"', "store_id: 4", "", id="store"),
]


@pytest.mark.parametrize(("file", "old", "new", "word"), BROKEN)
def test_broken_file_is_refused_by_the_check(
    bare: Installation, files: Path, file: str, old: str, new: str, word: str
) -> None:
    spoil(files / file, old, new)

    refused = bare.cli("rules", "check", BOOKING_SMS_HOME=str(files))

    assert refused.code == 2
    assert f"{Path(file).name}:" in refused.err
    assert word in refused.err


@pytest.mark.parametrize(("file", "old", "new", "word"), BROKEN[::4])
def test_broken_file_leaves_the_last_good_ones_in_use_and_alerts(
    world: World, chain: Installation, files: Path, file: str, old: str, new: str, word: str
) -> None:
    chain.run(BOOKING_SMS_HOME=str(files))
    spoil(files / file, old, new)
    world.book(start=SOON, phone="01000000011")

    ran = chain.run(BOOKING_SMS_HOME=str(files))

    assert ran["dispatched"]["counts"] == {"sent": 2}, "door codes go on"
    (alert,) = world.notes("slack")
    assert Path(file).name in alert


def test_error_names_file_and_line(bare: Installation, files: Path) -> None:
    line = spoil(files / "rules" / "legacy.yaml", "priority: 0", "urgency: 0")

    done = bare.cli("rules", "check", BOOKING_SMS_HOME=str(files))

    assert f"legacy.yaml:{line}:" in done.err.replace("\n", "")


def test_first_run_has_no_last_good_files_and_says_so(
    world: World, chain: Installation, files: Path
) -> None:
    spoil(files / "rules" / "legacy.yaml", "rules:\n", "rules: [\n")

    done = chain.cli(*RUN, BOOKING_SMS_HOME=str(files))

    assert_one_line(done, "legacy.yaml:")
    assert_nothing_happened(world, chain)


# --- arguments --------------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["yesterday", "2026-03-02T14:00:00", "2026-13-02T14:00:00+09:00"])
def test_instant_that_is_none_is_refused(world: World, chain: Installation, at: str) -> None:
    done = chain.cli("run", "--at", at)

    assert_one_line(done, "--at", at)
    assert_nothing_happened(world, chain)


def test_far_instant_is_refused_unless_sens_is_on_this_machine(bare: Installation) -> None:
    elsewhere = changed(bare, "SENS", host="sens.example.invalid")

    done = bare.cli(*RUN, BOOKING_SMS_CLOCK_URL="", **elsewhere)

    assert_one_line(done, "--at", "2 windows", "not loopback")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("set-mode", "loud"), "loud"),
        (("set-mode", "off", "--store", "900999"), "900999"),
        (("kill", "everything"), "everything"),
        (("kill", "store:900999"), "900999"),
        (("kill", "rule:nobody"), "nobody"),
        (("rollout", "nobody", "all"), "nobody"),
        (("rollout", "event-at-eight", "store:900999"), "900999"),
    ],
)
def test_switch_of_what_does_not_exist_is_refused(
    chain: Installation, arguments: tuple[str, ...], word: str
) -> None:
    before = chain.items("sms_control")

    done = chain.cli("control", *arguments, "--by", "owner", "--reason", "test")

    assert_one_line(done, word)
    assert [
        row for row in chain.items("sms_control") if row not in before and "kill" in str(row)
    ] == []


def test_unknown_booking_has_no_story(chain: Installation) -> None:
    assert_one_line(chain.cli("outbox", "show", "900101_1"), "900101_1")


def test_a_real_process_ends_with_the_same_line(bare: Installation) -> None:
    done = bare.process(*RUN, AIRFLOW_CONN_SENS_DEFAULT="")

    assert_one_line(done, "sens_default", "not defined")
    assert done.out == ""
