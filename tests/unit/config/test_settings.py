"""Settings: one class, all problems at once; the embedded world fills what is unset."""

from datetime import datetime

import pytest

from booking_sms.config.settings import Settings, effective_environ
from booking_sms.domain.booking import KST
from booking_sms.domain.errors import SettingsInvalid


def test_defaults_stand_without_any_variable():
    settings = Settings.from_environ({})

    assert settings.rule_set == "legacy"
    assert (settings.home / "stores").parent == settings.home
    assert settings.staging.startswith("file://")


def test_every_problem_is_reported_at_once():
    environ = {
        "BOOKING_SMS_LEASE_S": "soon",
        "BOOKING_SMS_NO_SUCH_SETTING": "1",
        "BOOKING_SMS_SENDS_PER_SECOND": "-1",
    }

    with pytest.raises(SettingsInvalid) as caught:
        Settings.from_environ(environ)

    for name in environ:
        assert name in str(caught.value)


def test_lease_must_outlive_the_request():
    with pytest.raises(SettingsInvalid, match="lease_s must be above"):
        Settings.from_environ({"BOOKING_SMS_LEASE_S": "5", "BOOKING_SMS_SENS_TIMEOUT_S": "5"})


def test_effective_from_needs_an_offset():
    with pytest.raises(SettingsInvalid, match="BOOKING_SMS_EFFECTIVE_FROM"):
        Settings.from_environ({"BOOKING_SMS_EFFECTIVE_FROM": "2026-03-02T00:00:00"})


def test_windows_before_the_first_day_are_told():
    settings = Settings.from_environ({"BOOKING_SMS_EFFECTIVE_FROM": "2026-03-02T00:00:00+09:00"})

    assert settings.is_before_start(datetime(2026, 3, 1, 23, 40, tzinfo=KST))
    assert not settings.is_before_start(datetime(2026, 3, 2, 0, 0, tzinfo=KST))


def test_world_env_fills_only_what_is_unset(tmp_path):
    (tmp_path / "world.env").write_text("A='from world'\nB='from world'\n")

    environ = effective_environ({"BOOKING_SMS_WORLD": str(tmp_path), "A": "mine"})

    assert environ["A"] == "mine"
    assert environ["B"] == "from world"
