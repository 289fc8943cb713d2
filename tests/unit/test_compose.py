"""docker-compose.yaml, judged by docker compose itself; no Docker engine is needed."""

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
COMPOSE_FILE = PROJECT / "docker-compose.yaml"
AIRFLOW_SERVICES = ["api-server", "scheduler", "dag-processor", "triggerer", "worker", "init"]


def docker_compose(*arguments: str, file: Path = COMPOSE_FILE) -> subprocess.CompletedProcess[str]:
    # The package's console script exits 0 whatever happens; the binary in it does not.
    package = importlib.util.find_spec("compose")
    assert package is not None
    assert package.origin is not None
    binary = Path(package.origin).with_name("docker-compose")
    template = PROJECT / "env.template"
    return subprocess.run(
        [
            *[binary, "--file", file, "--project-directory", PROJECT],
            *["--env-file", template, "--profile", "sandbox", *arguments],
        ],
        env={"ENV_FILE": str(template), "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def services() -> dict:
    outcome = docker_compose("config")
    assert outcome.returncode == 0, outcome.stderr
    return yaml.safe_load(outcome.stdout)["services"]


def test_compose_accepts_file_without_warning() -> None:
    outcome = docker_compose("config", "-q")

    assert (outcome.returncode, outcome.stderr) == (0, "")


def test_unknown_key_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "docker-compose.yaml"
    text = COMPOSE_FILE.read_text(encoding="utf-8")
    broken.write_text(text.replace("\nservices:\n", "\nservices:\n  bad: {imag: x}\n"), "utf-8")

    outcome = docker_compose("config", "-q", file=broken)

    assert outcome.returncode != 0
    assert "imag" in outcome.stderr


def test_all_of_airflow_is_there(services: dict) -> None:
    assert set(AIRFLOW_SERVICES) | {"postgres", "redis", "dynalite", "moto"} == set(services)


def test_ports_are_published_on_loopback_only(services: dict) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]

    assert published
    assert {port["host_ip"] for port in published} == {"127.0.0.1"}


def test_each_image_is_a_variable_with_a_public_default() -> None:
    images = re.findall(r"^\s*image: (.+)$", COMPOSE_FILE.read_text(encoding="utf-8"), re.M)

    assert images
    assert [image for image in images if not re.fullmatch(r"\$\{[A-Z_]+:-[^}]+\}", image)] == []


def test_airflow_services_share_their_secrets(services: dict) -> None:
    names = [
        "AIRFLOW__CORE__FERNET_KEY",
        "AIRFLOW__API__SECRET_KEY",
        "AIRFLOW__API_AUTH__JWT_SECRET",
        "AIRFLOW_CONN_SENS_DEFAULT",
    ]
    for name in names:
        values = {services[service]["environment"][name] for service in AIRFLOW_SERVICES}
        assert len(values) == 1, name


def test_base_image_can_be_replaced() -> None:
    first_line = (PROJECT / "Dockerfile").read_text(encoding="utf-8").splitlines()[0]

    assert first_line == "ARG BASE_IMAGE=apache/airflow:3.3.2-python3.11"
