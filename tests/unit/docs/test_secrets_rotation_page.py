"""The rotation of secrets, command by command, on a simulated Secrets Manager."""

from __future__ import annotations

import json

import boto3
import pytest
from cryptography.fernet import Fernet
from moto import mock_aws
from written_commands import call_aws, commands_of, parse_own, replaced

from booking_sms.adapters.aws.secrets import SecretsManagerSource
from booking_sms.adapters.dynamodb import Sealer

pytestmark = pytest.mark.slow

SECRET = "booking-sms/stores/900101"
OLD_VALUE, NEW_VALUE = json.dumps({"door_code": "0000*"}), json.dumps({"door_code": "1111*"})
CODE = f"{SECRET}#door_code"


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
        self.commands = commands_of("secrets-rotation.md")

    def run(self, *words):
        """The page's next command that holds these words."""
        place = next(n for n, one in enumerate(self.commands) if set(words) <= set(one))
        command = replaced(self.commands.pop(place), self.values)
        return call_aws({"secretsmanager": self.client}, command)

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


def test_a_pending_version_can_be_looked_at_and_nobody_uses_it(pending):
    assert pending.run("get-secret-value", "AWSPENDING")["SecretString"] == NEW_VALUE
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


def test_our_own_commands_are_written_as_they_are():
    own = [one for one in commands_of("secrets-rotation.md") if one[0] == "booking-sms"]

    assert own == [["booking-sms", "doctor"]]
    for command in own:
        parse_own(command)
