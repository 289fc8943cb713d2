"""The state of SENS: settings by name, dump and restore, reset."""

import json

import pytest
from vendor_world import PHONE, SensCaller, VendorWorld

from sandbox.sens.models import SensState
from sandbox.sens.urls import routes
from sandbox.service import DeclaresFaults, ServiceState


@pytest.fixture
def sens() -> SensCaller:
    world = VendorWorld()
    return SensCaller(world, world.client(routes))


def test_state_is_what_the_kernel_expects(sens):
    assert isinstance(sens.world.sens, ServiceState)
    assert isinstance(sens.world.sens, DeclaresFaults)
    assert sens.world.sens.name == "sens"


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"skew_limit": 3}, "sens.skew_limit"),
        ({"skew_limit_s": 0}, "sens.skew_limit_s"),
        ({"charset": "utf-8"}, "sens.charset"),
        ({"progression": {"by": "luck"}}, "sens.progression.by"),
        ({"numbers": {PHONE: {"code": "1"}}}, f"sens.numbers.{PHONE}.code"),
        ({"opt_out_by_ars": PHONE}, "sens.opt_out_by_ars"),
    ],
)
def test_unfit_setting_is_refused_by_its_name_and_changes_nothing(sens, values, named):
    before = sens.world.sens.settings

    with pytest.raises(ValueError, match=named.replace(".", r"\.")):
        sens.world.sens.configure(values | {"senders": []})

    assert sens.world.sens.settings == before


def test_dump_shows_everything_about_a_message(sens):
    sens.send(type="SMS", subject=None, content="가" * 46)

    dump = json.loads(json.dumps(sens.world.sens.dump()))

    (message,) = dump["messages"]
    assert (message["to"], message["from"], message["type"]) == (PHONE, "15990100", "SMS")
    assert (message["original_bytes"], message["sent_bytes"]) == (92, 90)
    assert message["status"] == "READY"
    assert dump["senders"] == ["15990100", "15990103", "15990107"]
    assert dump["counters"] == {"send": 1, "send_accepted": 1}


def test_restored_state_goes_on_where_it_was(sens):
    sens.world.sens.configure({"duplicate_window_s": 60, "opt_out_by_ars": [PHONE]})
    request_id = sens.send().json()["requestId"]

    copy = SensState(sens.world.now)
    copy.restore(json.loads(json.dumps(sens.world.sens.dump())))

    assert copy.dump() == sens.world.sens.dump()
    assert [one.request_id for one in copy.of_request(request_id)] == [request_id]
    assert PHONE in copy.opt_outs


def test_reset_forgets_messages_and_settings(sens):
    sens.world.sens.configure({"senders": [], "opt_out_by_ars": [PHONE]})

    sens.world.sens.reset()

    assert sens.world.sens.dump() == SensState(sens.world.now).dump()


def test_state_changes_are_announced_to_the_kernel(sens):
    sens.send()
    after_send = sens.world.context.changes
    sens.recent()

    assert after_send == 1
    assert sens.world.context.changes == 1, "reading changes nothing worth keeping"
