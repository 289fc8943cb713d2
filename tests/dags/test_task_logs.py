"""Airflow's own chain for a task's log, with our configuration: the file, and CloudWatch Logs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.integration,
    pytest.mark.filterwarnings("default"),
]

PHONE, PERSON = "01000007777", "김보라빛"
GROUP = "booking-sms-test"
LOG = "dag_id=booking_sms_etl/run_id=manual__1/task_id=extract_store/attempt=1.log"
CHAIN = f"""
from airflow.sdk.execution_time.supervisor import _configure_logging
from airflow.sdk.log import upload_to_remote

logger, file = _configure_logging({LOG!r}, None)
logger.info("text_sent", status="success", phone_masked="010-****-7777")
logger.error("a library says: POST to {PHONE} failed", customer={{"name": {PERSON!r}}})
try:
    raise ValueError("no answer for 010-0000-7777")
except ValueError:
    logger.exception("task failed")
upload_to_remote(logger)
file.close()
"""
"""What the supervisor of a task does with the lines that come from it."""


@pytest.fixture(scope="module")
def aws() -> Iterator[dict[str, Any]]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    yield {"endpoint_url": f"http://127.0.0.1:{port}", "region_name": "ap-northeast-2", **keys}
    server.stop()


def run_chain(home: Path, **more: str) -> str:
    """The lines of the local file after one task's log."""
    environ = {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__LOGGING__LOGGING_CONFIG_CLASS": "booking_sms_airflow.task_logs.LOGGING_CONFIG",
        **more,
    }
    done = subprocess.run(
        [sys.executable, "-c", CHAIN], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return (home / "logs" / LOG).read_text(encoding="utf-8")


def check(text: str, word: str) -> None:
    """Nobody is named, every line is JSON, and what was said is there."""
    lines = [json.loads(line) for line in text.splitlines()]

    assert PHONE not in text
    assert "0000-7777" not in text
    assert PERSON not in text
    assert "김**빛" in text or "\\uae40**\\ube5b" in text
    assert text.count("010-****-7777") >= 3
    assert "<module>" in text
    assert lines[0][word] == "text_sent"
    assert len(lines) == 3


def test_the_file_of_a_task_names_nobody(tmp_path: Path) -> None:
    check(run_chain(tmp_path), "event")


def test_what_is_shipped_names_nobody(tmp_path: Path, aws: dict[str, Any]) -> None:
    logs = boto3.client("logs", **aws)
    logs.create_log_group(logGroupName=GROUP)
    extra = {name: aws[name] for name in ("endpoint_url", "region_name")}
    connection = {"conn_type": "aws", "login": "test", "password": "testtest", "extra": extra}
    arn = f"arn:aws:logs:ap-northeast-2:123456789012:log-group:{GROUP}"

    local = run_chain(
        tmp_path,
        AIRFLOW__LOGGING__REMOTE_LOGGING="True",
        AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER=f"cloudwatch://{arn}",
        AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID="aws_default",
        AIRFLOW_CONN_AWS_DEFAULT=json.dumps(connection),
    )

    (stream,) = logs.describe_log_streams(logGroupName=GROUP)["logStreams"]
    events = logs.get_log_events(logGroupName=GROUP, logStreamName=stream["logStreamName"])
    shipped = "\n".join(event["message"] for event in events["events"])
    assert stream["logStreamName"] == LOG.replace(":", "_")
    check(local, "event")
    check(shipped, "message")
