"""The parts of the supervisor that need no process of their own."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from dotenv import dotenv_values

from sandbox.clock import parse_instant
from sandbox.command_line import main
from sandbox.supervisor.environment import dotenv, environment
from sandbox.supervisor.folder import NotAWorldError, WorldFolder
from sandbox.supervisor.processes import ProcessIdentity
from sandbox.supervisor.recipe_file import (
    Wishes,
    WorldMismatchError,
    keep_keys,
    keep_recipe,
    load_recipe,
)

NASTY = "a\"b\\c'd 별빛"
SERVICES = ("naver_login", "naver_booking", "sens", "telegram", "slack", "control")
URLS = {name: f"http://127.0.0.1:{n}" for n, name in enumerate((*SERVICES, "moto", "dynamodb"), 1)}
CONFIG = {
    "naver": {"login_id": "owner", "password": NASTY},
    "sens": {"access_key": "a", "secret_key": "s", "service_id": "ncp:sms:kr:1:x"},
    "telegram": {"bot_token": "1:x", "chat_id": "-1"},
    "slack": {"webhook_path": "T/B/X"},
}
KEYS = {"fernet_key": "f", "hmac_key": "h"}


def _folder(path: Path) -> WorldFolder:
    folder = WorldFolder(path / "world")
    folder.create()
    return folder


def test_connections_read_the_same_from_dotenv_and_from_a_shell(tmp_path: Path) -> None:
    path = tmp_path / "world.env"
    values = environment(URLS, CONFIG, KEYS)
    path.write_text(dotenv(values))

    read = dotenv_values(path)
    shell = subprocess.run(
        ["sh", "-c", f'. {path}; printf %s "$AIRFLOW_CONN_NAVER_DEFAULT"'],
        capture_output=True,
        text=True,
        check=True,
    )

    assert read == values
    assert json.loads(shell.stdout)["password"] == NASTY
    assert json.loads(read["AIRFLOW_CONN_NAVER_DEFAULT"] or "")["password"] == NASTY


def test_every_connection_points_into_the_world() -> None:
    values = environment(URLS, CONFIG, KEYS)

    aws = json.loads(values["AIRFLOW_CONN_AWS_DEFAULT"])["extra"]
    assert aws["endpoint_url"] == URLS["moto"]
    assert aws["service_config"]["dynamodb"]["endpoint_url"] == URLS["dynamodb"]
    sens = json.loads(values["AIRFLOW_CONN_SENS_DEFAULT"])
    assert (sens["schema"], sens["host"], sens["port"]) == ("http", "127.0.0.1", 3)
    assert json.loads(values["AIRFLOW_CONN_SLACK_DEFAULT"])["host"].endswith("/services")
    assert values["BOOKING_SMS_CLOCK_URL"] == f"{URLS['control']}/control/clock"


def test_recipe_is_kept_and_another_seed_is_refused(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    at = parse_instant("2026-05-01T09:00:00+09:00")

    made = keep_recipe(folder, Wishes(seed=3, at=at))

    assert (
        load_recipe(folder)
        == made
        == keep_recipe(folder, Wishes())
        == keep_recipe(folder, Wishes(seed=3, at=at))
    )
    with pytest.raises(WorldMismatchError, match="made with seed 3, not 4; use --fresh"):
        keep_recipe(folder, Wishes(seed=4))


def test_keys_are_made_once_and_private(tmp_path: Path) -> None:
    folder = _folder(tmp_path)

    assert keep_keys(folder) == keep_keys(folder)
    assert folder.keys.stat().st_mode & 0o777 == 0o600


def test_wipe_takes_a_world_but_not_a_stranger(tmp_path: Path) -> None:
    folder, stranger = _folder(tmp_path), WorldFolder(tmp_path)
    keep_recipe(folder, Wishes())

    folder.wipe()

    assert list(folder.path.iterdir()) == []
    with pytest.raises(NotAWorldError, match="holds no world"):
        stranger.wipe()


def test_pid_of_another_process_is_not_ours() -> None:
    me = ProcessIdentity.of(os.getpid())

    assert me.is_alive()
    assert not ProcessIdentity(me.pid, me.created - 100).is_alive()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["up", "--host", "192.0.2.1"], "loopback addresses only", id="host"),
        pytest.param(["serve", "--host", "10.0.0.1"], "loopback addresses only", id="serve"),
    ],
)
def test_refusals_are_one_line(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main([*arguments, "--dir", str(tmp_path / "world")])

    error = capsys.readouterr().err
    assert code == 1
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["up", "--port", "fax=1"], id="unknown service"),
        pytest.param(["up", "--stores", "0"], id="no stores"),
        pytest.param(["up", "--clock", "fast"], id="unknown mode"),
    ],
)
def test_unfit_options_are_refused(arguments: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main([*arguments, "--dir", str(tmp_path)])


def test_status_and_down_without_a_world(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--dir", str(tmp_path / "none")]

    assert main(["status", *place, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["running"] is False
    assert main(["down", *place]) == 0
    assert "no world" in capsys.readouterr().out
