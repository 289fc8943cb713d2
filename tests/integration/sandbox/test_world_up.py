"""A whole world, really started and stopped: what is promised about its processes and its state."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import psutil
import pytest
from dotenv import dotenv_values

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).resolve().parents[3]


class World:
    """One folder and the command line that drives it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, command: str, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "sandbox", command, "--dir", str(self.folder), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(PROJECT / "include")},
            cwd=PROJECT,
        )

    def run(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        process = self.begin(command, *arguments)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def up(self, *arguments: str) -> str:
        done = self.run("up", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def facts(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "world.json").read_text()))

    @property
    def environ(self) -> dict[str, str]:
        values = dotenv_values(self.folder / "world.env", interpolate=False)
        return {name: value for name, value in values.items() if value}

    def control(self, method: str, path: str, **body: Any) -> Any:
        url = f"{self.environ['BOOKING_SMS_SANDBOX_CONTROL_URL']}/control/{path}"
        answer = httpx.request(method, url, json=body or None, timeout=10, trust_env=False)
        assert answer.is_success, answer.text
        return answer.json()

    def pids(self) -> list[int]:
        return [process["pid"] for process in self.facts["processes"].values()]

    def aws(self, service: str) -> Any:
        connection = json.loads(self.environ["AIRFLOW_CONN_AWS_DEFAULT"])
        extra = connection["extra"]
        own = extra["service_config"].get(service, {}).get("endpoint_url")
        return boto3.client(
            service,
            region_name=extra["region_name"],
            endpoint_url=own or extra["endpoint_url"],
            aws_access_key_id=connection["login"],
            aws_secret_access_key=connection["password"],
        )


def alive(pids: list[int]) -> list[int]:
    """Those that still run; a zombie is dead."""
    return [
        pid
        for pid in pids
        if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    ]


def eventually(question: Callable[[], bool], seconds: float = 5.0) -> bool:
    until = time.monotonic() + seconds
    while not question() and time.monotonic() < until:
        time.sleep(0.05)
    return question()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "world")
    yield made
    made.run("down")


def test_world_comes_up_complete_on_loopback_and_goes_without_a_trace(world: World) -> None:
    world.up("--stores", "3", "--env-file", str(world.folder.parent / "copy.env"))
    pids, environ = world.pids(), world.environ

    listening = [
        connection.laddr.ip
        for pid in pids
        for connection in psutil.Process(pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) == 8
    assert set(listening) == {"127.0.0.1"}
    assert len({os.getpgid(pid) for pid in pids}) == 1
    assert os.getpgid(pids[0]) != os.getpgid(0)

    secret = world.aws("secretsmanager").get_secret_value(SecretId="booking-sms/stores/900103")
    assert set(json.loads(secret["SecretString"])) == {"door_code", "wifi_password"}
    naver = json.loads(environ["AIRFLOW_CONN_NAVER_DEFAULT"])
    page = httpx.get(f"{naver['extra']['login_url']}/nidlogin.login", trust_env=False)
    assert 'id="loginBtn_row"' in page.text
    assert dotenv_values(world.folder.parent / "copy.env", interpolate=False) == environ

    assert world.run("down").returncode == 0
    assert alive(pids) == []
    left = {path.name for path in world.folder.iterdir()}
    assert {"state.json", "keys.json", "recipe.json"} <= left
    assert not {"world.json", "world.env", "ports.json"} & left
    assert not (world.folder.parent / "copy.env").exists()


def test_second_up_changes_nothing_and_another_seed_is_refused(world: World) -> None:
    assert "started" in world.up("--seed", "7", "--stores", "1", "--bookings", "3")
    before = world.facts

    assert "already running" in world.up("--seed", "7", "--stores", "1", "--bookings", "3")
    refused = world.run("up", "--seed", "8")

    assert refused.returncode == 1
    assert "made with seed 7, not 8; use --fresh" in refused.stderr
    assert world.facts == before
    assert json.loads(world.run("status", "--json").stdout)["running"] is True


@pytest.mark.long
def test_stopped_world_resumes_with_its_state_and_keys(world: World) -> None:
    world.up("--stores", "1", "--bookings", "3")
    world.control("PUT", "clock", now="2026-03-02T20:00:00+09:00")
    world.control("POST", "naver/bookings", store="900101", name="다시온")
    table = {
        "TableName": "kept",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    world.aws("dynamodb").create_table(**table)
    world.aws("dynamodb").put_item(TableName="kept", Item={"id": {"S": "1"}})
    keys = world.environ["AIRFLOW_CONN_BOOKING_SMS_DEFAULT"]
    world.run("down")

    assert "resumed" in world.up()

    assert world.control("GET", "clock")["now"] == "2026-03-02T20:00:00+09:00"
    names = [booking["name"] for booking in world.control("GET", "naver/bookings")]
    assert "다시온" in names
    assert world.aws("dynamodb").scan(TableName="kept")["Count"] == 1
    assert world.environ["AIRFLOW_CONN_BOOKING_SMS_DEFAULT"] == keys


def test_change_is_on_disk_before_a_hard_kill(world: World) -> None:
    world.up("--stores", "1", "--bookings", "0")
    world.control("PUT", "clock", now="2026-03-02T20:40:00+09:00")
    state = world.folder / "state.json"
    assert eventually(lambda: "20:40:00" in state.read_text(), seconds=1)

    sandbox = world.facts["processes"]["sandbox"]["pid"]
    os.kill(sandbox, signal.SIGKILL)

    pids = world.pids()
    assert eventually(lambda: not alive(pids), seconds=15), "one died, all go"
    assert json.loads(world.run("status", "--json").stdout)["running"] is False
    assert "resumed" in world.up()
    assert world.control("GET", "clock")["now"] == "2026-03-02T20:40:00+09:00"


def test_database_outlives_a_client_that_dies_in_the_middle_of_a_request(world: World) -> None:
    world.up("--stores", "1", "--bookings", "0")
    port = httpx.URL(world.facts["urls"]["dynamodb"]).port
    at_once = struct.pack("ii", 1, 0)

    for _ in range(3):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n{")
            time.sleep(0.2)

    time.sleep(0.5)
    assert world.aws("dynamodb").list_tables()["TableNames"] == []


@pytest.mark.long
def test_down_also_takes_orphans_of_a_killed_supervisor(world: World) -> None:
    world.up("--stores", "1", "--bookings", "0")
    pids = world.pids()
    os.kill(world.facts["pid"], signal.SIGKILL)
    assert eventually(lambda: len(alive(pids)) == len(pids) - 1)

    assert world.run("down").returncode == 0

    assert alive(pids) == []


@pytest.mark.long
def test_down_cleans_up_after_an_interrupted_start(world: World) -> None:
    trace = world.folder / "starting.json"
    with world.begin("up") as starting:
        assert eventually(trace.exists, seconds=20)
        starting.kill()
    group = json.loads(trace.read_text())["pgid"]

    assert world.run("down").returncode == 0

    left = [one.pid for one in psutil.process_iter() if os.getpgid(one.pid) == group]
    assert alive(left) == []


@pytest.mark.long
def test_two_starts_at_once_make_one_world(world: World) -> None:
    both = [world.begin("up") for _ in range(2)]

    said = [process.communicate(timeout=120)[0] for process in both]

    assert sorted(text.split(":")[0] for text in said) == ["already running", "started"]


@pytest.mark.long
def test_fresh_wipes_an_existing_world(world: World) -> None:
    world.up("--seed", "1", "--stores", "1", "--bookings", "0")

    assert "started" in world.up("--fresh", "--seed", "2", "--stores", "1", "--bookings", "5")

    assert len(world.control("GET", "naver/bookings")) == 5


@pytest.mark.long
def test_fixed_ports_are_kept_and_a_taken_one_is_told(world: World, tmp_path: Path) -> None:
    world.up("--stores", "1", "--bookings", "0")
    port = world.facts["ports"]["sens"]

    other = World(tmp_path / "other")
    refused = other.run("up", "--port", f"sens={port}")

    assert refused.returncode == 1
    assert "Address already in use" in refused.stderr
    assert not (other.folder / "world.json").exists()
    world.run("down")
    world.up("--port", f"sens={port}")
    assert world.facts["ports"]["sens"] == port
