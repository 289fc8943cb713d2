"""The restore procedure, command by command, on a simulated DynamoDB."""

from __future__ import annotations

import boto3
import pytest
from moto import mock_aws
from written_commands import call_aws, commands_of, parse_own, replaced

from booking_sms.adapters.dynamodb import (
    DynamoDbControlRepository,
    DynamoDbSmsJobRepository,
    TableNames,
    ensure_tables,
    missing_tables,
)
from booking_sms.domain.sms_job import JobState
from booking_sms.testing import NOW, FixedClock, make_job

pytestmark = pytest.mark.slow

VALUES = {"PREFIX": "shop-", "AT": NOW.isoformat(), "NAME": "operator", "DAY": "2026-03-02"}
COMMANDS = [replaced(command, VALUES) for command in commands_of("restore.md")]


def jobs_of(client, prefix):
    tables = TableNames(prefix)
    control = DynamoDbControlRepository(client, tables, clock=FixedClock(NOW), hmac_key=b"x")
    return DynamoDbSmsJobRepository(client, tables, control=control)


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


def test_our_own_commands_are_written_as_they_are():
    own = [command for command in COMMANDS if command[0] == "booking-sms"]

    assert len(own) >= 6
    for command in own:
        parse_own(command)


def test_nothing_is_sent_between_the_switch_and_the_settling():
    words = [" ".join(command) for command in COMMANDS]
    kills = [n for n, line in enumerate(words) if "control kill all" in line]
    restored = max(n for n, line in enumerate(words) if "restore-table" in line)
    audit = next(n for n, line in enumerate(words) if "booking-sms audit" in line)

    first, again, release = kills
    assert first < restored < again < audit < release
    assert words[release].endswith("--off")
    assert not any("--off" in words[n] for n in (first, again))
