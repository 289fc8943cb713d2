"""Senders that stand still, die or meet: real processes, stopped at one exact line by a gate.

Two points matter. After the intent was written and before a byte of the POST has left; and after
SENS took the text and before the sender knows. In both another process settles the doubt.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from .gate_proxy import Gate, Request, run_gate_proxy
from .world import Installation, World, eventually, running

pytestmark = pytest.mark.integration

PHONE = "01000000011"
LEASE = {"BOOKING_SMS_SENS_TIMEOUT_S": "1.9", "BOOKING_SMS_LEASE_S": "2"}
SETTLE = {"BOOKING_SMS_SETTLE_S": "3"}
SENS_FORGIVES_S = 2.5
"""As in production, in this order: the lease, how old a timestamp SENS takes, the settle time."""


@pytest.fixture
def waiting(world: World, chain: Installation) -> Installation:
    """One text is due, and nobody has sent it yet."""
    world.book(phone=PHONE)
    chain.app.control.set_kill_switch("all", True, by="test", reason="not yet")
    chain.run()
    chain.app.control.set_kill_switch("all", False, by="test", reason="now")
    return chain


@contextlib.contextmanager
def sender_with_intent_written(
    chain: Installation,
) -> Iterator[tuple[subprocess.Popen[str], Gate]]:
    """A dispatcher whose intent stands in the table and whose POST has not begun."""
    connection = json.loads(chain.environ["AIRFLOW_CONN_AWS_DEFAULT"])
    dynamodb = connection["extra"]["service_config"]["dynamodb"]
    with run_gate_proxy(chain.world.urls["dynamodb"]) as proxy:
        gate = proxy.keep_answer(is_intent)
        dynamodb["endpoint_url"] = proxy.url
        environ = {"AIRFLOW_CONN_AWS_DEFAULT": json.dumps(connection)}
        with running(chain.start("dispatch", **environ, **LEASE)) as sender:
            gate.await_reached()
            yield sender, gate


@contextlib.contextmanager
def sender_with_text_under_way(
    chain: Installation, *, arrived: bool
) -> Iterator[tuple[subprocess.Popen[str], Gate]]:
    """A dispatcher whose POST has left: SENS took it, or it still is on its way there."""
    connection = json.loads(chain.environ["AIRFLOW_CONN_SENS_DEFAULT"])
    with run_gate_proxy(chain.world.urls["sens"]) as proxy:
        gate = proxy.keep_answer(is_send) if arrived else proxy.keep_request(is_send)
        connection["port"] = int(proxy.url.rpartition(":")[2])
        environ = {"AIRFLOW_CONN_SENS_DEFAULT": json.dumps(connection)}
        with running(chain.start("dispatch", **environ, **LEASE)) as sender:
            gate.await_reached()
            yield sender, gate


def is_intent(request: Request) -> bool:
    return request.operation == "UpdateItem" and b'"sending"' in request.body


def is_send(request: Request) -> bool:
    return request.method == "POST"


def freeze(sender: subprocess.Popen[str]) -> None:
    os.kill(sender.pid, signal.SIGSTOP)


def thaw(sender: subprocess.Popen[str]) -> None:
    os.kill(sender.pid, signal.SIGCONT)
    sender.wait(timeout=30)


def settled_as(chain: Installation, state: str) -> bool:
    """Whether another process's reconcile has brought the job there."""
    chain.reconcile(**LEASE, **SETTLE)
    return chain.states() == {"confirm": state}


def assert_sent_exactly_once(chain: Installation) -> None:
    """One text at the phone, one accepted job, one flag, nothing left to send."""
    assert len(chain.world.texts(PHONE)) == 1
    assert chain.states()["confirm"] in ("accepted", "delivered")
    assert [row["confirm_sms"] for row in chain.ledger()] == [True]
    assert chain.dispatch() == {}
    chain.reconcile()
    assert chain.states() == {"confirm": "delivered"}
    assert len(chain.world.texts(PHONE)) == 1


def test_frozen_before_its_post_and_thawed_after_somebody_sent_again(
    waiting: Installation,
) -> None:
    with sender_with_intent_written(waiting) as (sender, gate):
        freeze(sender)
        gate.open()
        assert eventually(lambda: settled_as(waiting, "retryable"), seconds=30)
        assert waiting.dispatch() == {"sent": 1}

        thaw(sender)

    assert_sent_exactly_once(waiting)


@pytest.mark.long
def test_frozen_before_its_post_and_thawed_while_in_doubt(waiting: Installation) -> None:
    with sender_with_intent_written(waiting) as (sender, gate):
        freeze(sender)
        gate.open()
        assert eventually(lambda: settled_as(waiting, "outcome_unknown"))

        thaw(sender)

    eventually(lambda: settled_as(waiting, "retryable") or "delivered" in str(waiting.states()))
    waiting.dispatch()
    assert_sent_exactly_once(waiting)


@pytest.mark.long
def test_frozen_after_its_post_and_thawed_after_somebody_settled_it(
    waiting: Installation,
) -> None:
    with sender_with_text_under_way(waiting, arrived=True) as (sender, gate):
        freeze(sender)
        assert eventually(lambda: settled_as(waiting, "delivered"))

        gate.open()
        thaw(sender)

    assert_sent_exactly_once(waiting)


def test_post_that_is_late_by_more_than_sens_allows_is_refused_there(
    world: World, waiting: Installation
) -> None:
    """The bytes had left and stood in the network until somebody had sent the text again."""
    world.control("PUT", "/control/config", {"sens": {"skew_limit_s": SENS_FORGIVES_S}})
    with sender_with_text_under_way(waiting, arrived=False) as (sender, gate):
        freeze(sender)
        assert eventually(lambda: settled_as(waiting, "retryable"), seconds=30)
        assert waiting.dispatch() == {"sent": 1}

        gate.open()
        thaw(sender)
    assert_sent_exactly_once(waiting)

    world.book(phone="01000000012")
    assert waiting.run()["dispatched"]["counts"] == {"sent": 1}, "the others go on"


@pytest.mark.long
def test_killed_before_its_post(waiting: Installation) -> None:
    with sender_with_intent_written(waiting) as (sender, gate):
        sender.kill()
        gate.open()

    assert waiting.states() == {"confirm": "sending"}
    assert eventually(lambda: settled_as(waiting, "retryable"), seconds=30)
    assert waiting.dispatch() == {"sent": 1}
    assert_sent_exactly_once(waiting)


def test_killed_after_its_post(waiting: Installation) -> None:
    with sender_with_text_under_way(waiting, arrived=True) as (sender, gate):
        sender.kill()
        gate.open()

    assert waiting.states() == {"confirm": "sending"}
    assert eventually(lambda: settled_as(waiting, "delivered"))
    assert_sent_exactly_once(waiting)


@pytest.mark.long
def test_two_dispatchers_at_once_send_each_text_once(world: World, chain: Installation) -> None:
    phones = {f"010000001{n:02d}" for n in range(20)}
    for phone in phones:
        world.book(phone=phone)
    chain.app.control.set_kill_switch("all", True, by="test", reason="not yet")
    chain.run()
    chain.app.control.set_kill_switch("all", False, by="test", reason="now")

    with running(chain.start("dispatch", "--json")) as one:
        other = chain.process("dispatch", "--json")
        first, _ = one.communicate(timeout=60)

    counts = [json.loads(out)["counts"].get("sent", 0) for out in (first, other.out)]
    assert sum(counts) == 20
    assert sorted(text["to"] for text in world.texts()) == sorted(phones)
    assert {job["state"] for job in chain.jobs()} == {"accepted"}
