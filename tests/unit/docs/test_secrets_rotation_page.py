"""The rotation of secrets, command by command, on a simulated Secrets Manager."""

from __future__ import annotations

import json
from types import SimpleNamespace

import boto3
import pytest
import yaml
from cryptography.fernet import Fernet
from moto import mock_aws
from typer.testing import CliRunner
from written_commands import DOCS, assigned, call_aws, commands_of, parse_own, replaced

from booking_sms.adapters.aws.secrets import SecretsManagerSource
from booking_sms.adapters.dynamodb import (
    DynamoDbBodyStore,
    Sealer,
    TableNames,
    ensure_tables,
)
from booking_sms.cli import outbox

pytestmark = pytest.mark.slow

SECRET = "booking-sms/stores/900101"
OLD_VALUE, NEW_VALUE = json.dumps({"door_code": "0000*"}), json.dumps({"door_code": "1111*"})
CODE = f"{SECRET}#door_code"
COMMANDS = commands_of("secrets-rotation.md")


class Current:
    """No stage means the current one at AWS; moto goes on giving the first, so it is told."""

    def __init__(self, client):
        self._client = client

    def get_secret_value(self, **fields):
        return self._client.get_secret_value(**{"VersionStage": "AWSCURRENT", **fields})


class Rotation:
    """Runs the page's commands; a reader copies version ids from what was printed."""

    def __init__(self):
        self.client = boto3.client("secretsmanager", "ap-northeast-2")
        self.client.create_secret(Name=SECRET, SecretString=OLD_VALUE)
        self.values = {"SECRET": SECRET, "VALUE": NEW_VALUE}
        self.commands = list(COMMANDS)

    def run(self, *words):
        """The page's next command that holds these words."""
        number = next(n for n, one in enumerate(self.commands) if set(words) <= set(one))
        return self.call(self.commands.pop(number))

    def call(self, command):
        return call_aws({"secretsmanager": self.client}, replaced(command, self.values))

    def read(self):
        """As a task that starts now."""
        return SecretsManagerSource(Current(self.client)).get(CODE)

    def stages(self):
        return self.client.describe_secret(SecretId=SECRET)["VersionIdsToStages"]


@pytest.fixture
def rotation():
    with mock_aws():
        yield Rotation()


@pytest.fixture
def pending(rotation):
    """Up to the new version beside the old one."""
    ((old, _),) = rotation.run("describe-secret")["VersionIdsToStages"].items()
    new = rotation.run("put-secret-value")["VersionId"]
    rotation.values |= {"OLD": old, "NEW": new}
    return rotation


def test_the_pending_version_is_tried_and_nobody_uses_it(pending):
    """With the variable in front, the command of ours has what was written, not what was."""
    (command,) = (one for one in pending.commands if one[-1] == "doctor" and "=" in one[0])
    variables, own = assigned(command)
    filled = {name: pending.call(words)["SecretString"] for name, words in variables.items()}

    assert own == ["booking-sms", "doctor"]
    assert filled == {"AIRFLOW_CONN_ID": NEW_VALUE}
    assert pending.read() == "0000*"


def test_the_new_version_is_used_by_whatever_starts_then(pending):
    running = SecretsManagerSource(Current(pending.client))
    assert running.get(CODE) == "0000*"

    pending.run("update-secret-version-stage", "AWSCURRENT", "NEW")

    assert pending.read() == "1111*"
    assert running.get(CODE) == "0000*"  # one process sees one version to its end
    assert pending.stages()[pending.values["OLD"]] == ["AWSPREVIOUS"]


def test_the_way_back_is_one_command(pending):
    pending.run("update-secret-version-stage", "AWSCURRENT", "NEW")
    pending.run("update-secret-version-stage", "AWSCURRENT", "OLD")

    assert pending.read() == "0000*"


def test_a_version_without_a_label_is_refused_by_label(pending):
    pending.run("update-secret-version-stage", "AWSCURRENT", "NEW")
    pending.run("update-secret-version-stage", "AWSPREVIOUS")

    assert "AWSPREVIOUS" not in str(pending.stages())
    with pytest.raises(pending.client.exceptions.ResourceNotFoundException):
        pending.client.get_secret_value(SecretId=SECRET, VersionStage="AWSPREVIOUS")
    assert pending.read() == "1111*"


def test_the_first_fernet_key_seals_and_all_of_them_open():
    """What the page says of the key of texts and cookies."""
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    sealed = Sealer([old]).seal("안내")
    rotated = Sealer([new, old])

    assert rotated.open(sealed) == "안내"
    assert not rotated.is_current(sealed)
    assert Sealer([new]).open(rotated.seal("안내")) == "안내"
    assert Sealer([new]).open(sealed) is None


def test_the_old_key_leaves_when_the_page_says_so(monkeypatch):
    """A guide of the first key that a job still waits for is read with the second key alone."""
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    with mock_aws():
        client = boto3.client("dynamodb", "ap-northeast-2")
        ensure_tables(client, "")
        digest = bodies(client, old).put("안내")
        app = SimpleNamespace(bodies=bodies(client, new, old))
        monkeypatch.setattr("booking_sms.cli.outbox_texts.application", lambda: app)
        _, words = assigned(next(one for one in COMMANDS if "--renew" in one))

        assert CliRunner().invoke(outbox.app, words[2:-1]).exit_code == 1
        assert CliRunner().invoke(outbox.app, words[2:]).exit_code == 0

        assert CliRunner().invoke(outbox.app, words[2:-1]).exit_code == 0
        assert bodies(client, new).get(digest) == "안내"


def bodies(client, *keys):
    return DynamoDbBodyStore(client, TableNames(""), sealer=Sealer(keys))


def test_the_watchdog_is_told_before_the_old_key_is_worthless():
    lines = [" ".join(one) for one in COMMANDS]
    systemd, container = "systemctl restart booking-sms-watchdog", "up -d --force-recreate"
    current = place(lines, "--version-stage AWSCURRENT --move-to-version-id NEW")
    worthless = place(lines, "--version-stage AWSPREVIOUS")

    for restart in (systemd, container):
        tried = max(n for n in range(place(lines, restart)) if lines[n].endswith(" doctor"))
        assert current < tried < place(lines, restart) < worthless


def place(lines, words):
    (found,) = (n for n, line in enumerate(lines) if words in line)
    return found


def test_the_watchdogs_commands_name_what_is_deployed():
    """File, folder, program and services of the page are those of the unit and of compose."""
    unit = (DOCS.parent / "deploy/systemd/booking-sms-watchdog.service").read_text()
    (tried,) = (one for one in COMMANDS if one[0] == "systemd-run")
    properties = [word.partition("=")[2] for word in tried if word.startswith("--property=")]

    assert [line for line in properties if line in unit.splitlines()] == properties
    assert f"ExecStart={tried[-2]} watchdog" in unit
    assert ["sudoedit", properties[0].removeprefix("EnvironmentFile=")] in COMMANDS
    for command in (one for one in COMMANDS if one[0] == "docker"):
        file = command[command.index("--file") + 1]
        services = yaml.safe_load((DOCS.parent / file).read_text())["services"]
        assert list(services) == ["watchdog"]
        assert services["watchdog"]["env_file"][0]["path"] == "${ENV_FILE:-.env}"


def test_our_own_commands_are_written_as_they_are():
    own = [words for _, words in map(assigned, COMMANDS) if words[0] == "booking-sms"]

    assert own == [["booking-sms", "doctor"], ["booking-sms", "outbox", "seals", "--renew"]]
    for command in own:
        parse_own(command)
