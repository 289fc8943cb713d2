"""The restore procedure, command by command, on a simulated DynamoDB."""

from __future__ import annotations

from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner
from written_commands import (
    DOCS,
    assigned,
    call_aws,
    commands_in,
    commands_of,
    parse_own,
    replaced,
)

from booking_sms.adapters.dynamodb import (
    DynamoDbControlRepository,
    DynamoDbSmsJobRepository,
    TableNames,
    ensure_tables,
    missing_tables,
)
from booking_sms.cli import control
from booking_sms.domain.sms_job import JobState
from booking_sms.testing import NOW, FixedClock, make_job

pytestmark = pytest.mark.slow

VALUES = {"PREFIX": "shop-", "AT": NOW.isoformat(), "NAME": "operator", "DAY": "2026-03-02"}
COMMANDS = [replaced(command, VALUES) for command in commands_of("restore.md")]


def jobs_of(client, prefix):
    return DynamoDbSmsJobRepository(client, TableNames(prefix), control=control_of(client, prefix))


def control_of(client, prefix):
    clock = FixedClock(NOW)
    return DynamoDbControlRepository(client, TableNames(prefix), clock=clock, hmac_key=b"x")


def test_every_command_of_the_page_restores_a_working_outbox():
    with mock_aws():
        client = boto3.client("dynamodb", "ap-northeast-2")
        ensure_tables(client, "shop-")
        for name in [n for n in client.list_tables()["TableNames"]]:
            client.update_continuous_backups(
                TableName=name,
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
            )
        job = make_job(state=JobState.DELIVERED)
        jobs_of(client, "shop-").insert_if_absent(job)

        answers = {}
        for command in (one for one in COMMANDS if one[0] == "aws"):
            answers[" ".join(command[2:4])] = call_aws({"dynamodb": client}, command)

        backups = answers["describe-continuous-backups --table-name"][
            "ContinuousBackupsDescription"
        ]
        status = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
        assert status == "ENABLED"
        assert missing_tables(client, "restored-") == []
        assert jobs_of(client, "restored-").of_booking(job.booking_num) == (job,)
        table = answers["describe-table --table-name"]["Table"]
        assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["open"]


def test_the_kill_switch_stands_in_the_restored_table_before_anything_runs_on_it(monkeypatch):
    """What the page types before its restart, on a table that was restored while it was live."""
    with mock_aws():
        client = boto3.client("dynamodb", "ap-northeast-2")
        ensure_tables(client, "restored-")
        control_of(client, "restored-").set_delivery_mode("live", by="x", reason="x")
        typed = [assigned(command) for command in before("restart them")]
        for variables, words in typed:
            if words[:3] == ["booking-sms", "control", "kill"]:
                prefix = (variables.get("BOOKING_SMS_TABLE_PREFIX") or ["shop-"])[0]
                ensure_tables(client, prefix)
                app = SimpleNamespace(control=control_of(client, prefix))
                monkeypatch.setattr("booking_sms.cli.control.application", lambda app=app: app)
                result = CliRunner().invoke(control.app, words[2:])
                assert result.exit_code == 0, result.output

        assert control_of(client, "restored-").kill_switches() == {"all"}
        assert control_of(client, "shop-").kill_switches() == {"all"}


def before(words: str) -> list[list[str]]:
    """What is typed by whoever reads as far as these words, which the page says once."""
    page = (DOCS / "restore.md").read_text(encoding="utf-8")
    assert page.count(words) == 1
    return [replaced(one, VALUES) for one in commands_in(page[: page.index(words)])]


def test_our_own_commands_are_written_as_they_are():
    own = [words for _, words in map(assigned, COMMANDS) if words[0] == "booking-sms"]

    assert len(own) >= 15
    for command in own:
        parse_own(command)


def test_every_dag_is_paused_before_anything_is_restored():
    lines = [" ".join(command) for command in COMMANDS]
    (all_paused,) = (n for n, line in enumerate(lines) if line.startswith("airflow dags pause .*"))

    assert lines[all_paused].endswith("--treat-dag-id-as-regex --yes")
    assert all_paused < next(n for n, line in enumerate(lines) if "restore-table" in line)
    assert not any("unpause" in line for line in map(" ".join, before("restart them")))


def test_nothing_is_sent_between_the_switch_and_the_settling():
    words = [" ".join(command) for command in COMMANDS]
    first, again, release = (n for n, line in enumerate(words) if "control kill all" in line)
    restored = max(n for n, line in enumerate(words) if "restore-table" in line)
    made_again, held, audit, settled, approved, dispatch = (
        next(n for n, line in enumerate(words) if part in line)
        for part in (
            "unpause booking_sms_etl",
            "outbox hold-all",
            "booking-sms audit",
            "outbox settle",
            "repair approve",
            "unpause sms_dispatch",
        )
    )

    steps = [first, restored, again, made_again, held, audit, settled, approved, release, dispatch]
    assert steps == sorted(steps)
    paused = [n for n, line in enumerate(words) if "dags pause booking_sms_etl" in line]
    assert made_again < paused[0] < held
    assert words[release].endswith("--off")
    assert not any("--off" in words[n] for n in (first, again))


def test_the_dags_of_the_page_are_ours():
    named = {
        command[3] for command in COMMANDS if command[:2] == ["airflow", "dags"] and command[3:]
    }

    assert named - {".*"} <= {file.stem for file in (DOCS.parent / "dags").glob("*.py")}
