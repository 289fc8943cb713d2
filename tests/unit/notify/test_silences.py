"""A silence has an issue, a reason and an end; without them, or after it, it is refused."""

from __future__ import annotations

from datetime import date

import pytest

from booking_sms.domain.errors import SettingsInvalid
from booking_sms.notify import read_silences
from booking_sms.testing import NOW

GOOD = "silences:\n- key: run#sms_audit\n  issue: OPS-7\n  reason: SENS is moving\n  expires: {}\n"


def write(folder, text):
    (folder / "silences.yaml").write_text(text)
    return folder


def test_no_file_is_no_silence(tmp_path):
    assert read_silences(tmp_path, NOW).entries == ()


def test_a_silence_names_what_it_needs(tmp_path):
    found = read_silences(write(tmp_path, GOOD.format("2026-03-02")), NOW)

    assert found.of("run#sms_audit", NOW).issue == "OPS-7"
    assert found.of("run#sms_dispatch", NOW) is None
    assert found.entries[0].expires == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (GOOD.format("2026-03-01"), "silence 1: it expired on 2026-03-01"),
        (GOOD.format("2026-04-02"), "more than 30 days"),
        (GOOD.format("soon"), "expires must be a day"),
        (GOOD.format("2026-03-03").replace("OPS-7", "''"), "issue must be"),
        (GOOD.format("2026-03-03").replace("  reason: SENS is moving\n", ""), "exactly these"),
        (GOOD.format("2026-03-03") + "  by: me\n", "exactly these"),
        ("- a\n", "a list named silences"),
        ("silences: yes\n", "a list named silences"),
        (":\n :", "not YAML"),
        (GOOD.format("2026-02-30"), "days that exist"),
    ],
)
def test_anything_else_is_refused(tmp_path, text, why):
    with pytest.raises(SettingsInvalid, match=why):
        read_silences(write(tmp_path, text), NOW)


def test_another_encoding_is_refused(tmp_path):
    (tmp_path / "silences.yaml").write_bytes("silences: []  # 조용히\n".encode("cp949"))

    with pytest.raises(SettingsInvalid, match="UTF-8"):
        read_silences(tmp_path, NOW)
