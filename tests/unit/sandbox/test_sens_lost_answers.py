"""Answers lost on a real socket: what the client's HTTP library meets."""

import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from vendor_world import SensCaller, VendorWorld

from sandbox.loopback import LOOPBACK, bind
from sandbox.recorder import RecordingMiddleware
from sandbox.sens.urls import routes

pytestmark = pytest.mark.integration


@pytest.fixture(params=["h11", "httptools"])
def sens(request: pytest.FixtureRequest) -> Iterator[SensCaller]:
    world = VendorWorld()
    app = RecordingMiddleware(
        Starlette(routes=routes(world.context)), world.context.recorder, "sens"
    )
    config = uvicorn.Config(app, http=request.param, lifespan="off", log_level="error")
    server = uvicorn.Server(config)
    sock = bind(LOOPBACK, 0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    base_url = f"http://{LOOPBACK}:{sock.getsockname()[1]}"
    with httpx.Client(base_url=base_url, timeout=2, trust_env=False) as client:
        yield SensCaller(world, client)
    server.should_exit = True
    thread.join(timeout=10)


@pytest.mark.parametrize(
    ("kind", "accepted"), [("drop_before_accept", 0), ("drop_after_accept", 1)]
)
def test_dropped_connection_is_reset_without_a_response(sens, kind, accepted):
    sens.world.fault("sens", "send", kind)

    with pytest.raises(httpx.ReadError):
        sens.send()

    assert len(sens.world.sens.messages) == accepted
    assert sens.send().status_code == 202, "the next connection is served"
    recorded = sens.world.context.recorder.report("sens")["sens"]["last"]
    assert [entry["status"] for entry in recorded] == [None, 202]


@pytest.mark.parametrize(
    ("kind", "accepted"), [("hang_before_accept", 0), ("hang_after_accept", 1)]
)
def test_hanging_server_closes_after_its_time(sens, kind, accepted):
    sens.world.fault("sens", "send", kind, seconds=0.2)

    with pytest.raises(httpx.RemoteProtocolError):
        sens.send()

    assert len(sens.world.sens.messages) == accepted


def test_impatient_client_times_out_and_the_message_is_there(sens):
    sens.world.fault("sens", "send", "hang_after_accept", seconds=30)
    sens.client.timeout = httpx.Timeout(0.2)

    with pytest.raises(httpx.ReadTimeout):
        sens.send()

    sens.client.timeout = httpx.Timeout(2)
    assert len(sens.recent()) == 1


def test_percent_encoded_path_reaches_the_check_as_sent(sens):
    encoded = "/sms/v2/services/" + sens.world.sens.settings.service_id.replace(":", "%3A")

    answer = sens.call("GET", "/messages", query={"requestId": "unknown x"}, base=encoded)

    assert (answer.status_code, answer.content) == (404, b"")
