"""Ten thousand bookings through Airflow; nobody of them in anything that leaves the tables.

Beside the windows something fails on purpose: what goes wrong says more than what goes well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from leaks import files_of, leaks
from operating import DISPATCH, ETL, NAME, RECONCILE, Operator, at, operating

pytestmark = [
    pytest.mark.long,
    pytest.mark.airflow,
    pytest.mark.browser,
    pytest.mark.filterwarnings("default"),
    pytest.mark.timeout(3600),
]

BOOKINGS = 10_000
WINDOWS = ("13:40", "14:00")
WITHIN_S = 1200
BROKEN_STORE = "900102"
NAMESPACE = "NaverSMSAutomation"


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with operating(tmp_path_factory.mktemp("stack")) as ready:
        ready.world.seed(at("13:40"), BOOKINGS)
        yield ready


def window(operator: Operator, clock: str) -> tuple[str, Any]:
    """How one window's run ended, and its counts; then what dispatch and reconcile make of it."""
    operator.world.set_clock(at(clock))
    run_id = operator.run(ETL, {"window_end": at(clock).isoformat()}, WITHIN_S)
    operator.run(DISPATCH, {}, WITHIN_S)
    operator.run(RECONCILE, {}, WITHIN_S)
    return operator.state_of(ETL, run_id), operator.airflow.api.result(ETL, run_id, "plan_jobs")


@pytest.fixture(scope="module")
def run(operator: Operator) -> Operator:
    """Two windows, one of them with a store that cannot be read and a text in doubt."""
    operator.seen["first"] = window(operator, WINDOWS[0])
    match = {"store": BROKEN_STORE}
    broken = {"service": "naver_booking", "operation": "*", "kind": "http_500", "times": None}
    operator.world.add_fault(**broken, match=match)
    operator.world.add_fault(service="sens", operation="send", kind="drop_after_accept")
    operator.seen["second"] = window(operator, WINDOWS[1])
    operator.world.clear_faults()
    commands = (("outbox", "stats"), ("windows", "--hours", "2"), ("doctor",), ("watch", "--once"))
    said = [operator.world.booking_sms(*command, good_codes=(0, 1)) for command in commands]
    operator.seen["said"] = json.dumps(said, ensure_ascii=False)
    return operator


def metrics_of(operator: Operator) -> str:
    """Every metric with its dimensions, as CloudWatch's stand-in lists them."""
    from local_stack.environment import command_environ

    connection = json.loads(command_environ(operator.airflow.layout)["AIRFLOW_CONN_AWS_DEFAULT"])
    client = boto3.client(
        "cloudwatch",
        endpoint_url=connection["extra"]["endpoint_url"],
        region_name=connection["extra"]["region_name"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    pages: list[dict[str, Any]] = list(client.get_paginator("list_metrics").paginate())
    return json.dumps([page["Metrics"] for page in pages], ensure_ascii=False)


def test_the_run_was_a_real_one(run: Operator) -> None:
    state, planned = run.seen["first"]

    assert state == "success"
    assert planned["counts"]["planned"] > BOOKINGS * 0.1
    assert len(run.texts()) > BOOKINGS * 0.1
    assert run.seen["second"][0] == "failed"


def test_nobody_is_named_in_logs_database_notices_metrics_and_answers(
    run: Operator, tmp_path: Path
) -> None:
    layout, canaries = run.airflow.layout, run.world.canaries()
    slack = json.dumps(run.world.service_state("slack"), ensure_ascii=False)
    told = {"slack": slack, "metrics": metrics_of(run), "answers": run.seen["said"]}
    for name, text in told.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    evidence = layout.world / "evidence"
    files = [*files_of([layout.airflow_home, tmp_path, evidence, layout.world / "logs"])]

    assert len(canaries["phones"]) > BOOKINGS * 0.5
    assert any(path.suffix == ".log" for path in files)
    assert layout.database in files
    assert BROKEN_STORE in slack
    assert leaks(canaries, files) == []


def test_the_search_finds_one_that_is_planted(run: Operator, tmp_path: Path) -> None:
    canaries = run.world.canaries()
    (tmp_path / "planted.log").write_text(f"sent to {canaries['phones'][-1]}", encoding="utf-8")
    (tmp_path / "clean.log").write_text(f"sent to {NAME[0]}*{NAME[-1]}", encoding="utf-8")

    assert leaks(canaries, files_of([tmp_path])) == ["planted.log: 1 canaries"]
