from datetime import timedelta

import pytest
from command_world import Shop

from booking_sms.cli.run import run_window
from booking_sms.domain.errors import RuleInvalid
from booking_sms.domain.window import Window
from booking_sms.pipeline.applied_catalog import applied_history
from booking_sms.testing import NOW

pytestmark = pytest.mark.slow

WHO = ("--by", "점장", "--reason", "첫 적용")
SOON = NOW + timedelta(hours=1)
TEXT = "안녕하세요, {{ brand }}입니다."


def next_run(shop: Shop) -> list[str]:
    """Texts of one window, decided by a process that starts anew."""
    shop.app.__dict__.pop("_catalog", None)
    shop.app.bodies.texts.clear()
    run_window(shop.app, Window(NOW))
    return list(shop.app.bodies.texts.values())


def test_an_applied_edit_is_live_at_the_next_window_and_a_later_one_is_not(shop: Shop) -> None:
    shop.edit("messages/confirm.yaml", TEXT, "첫째 글")
    applied = shop.answer("rules", "apply", *WHO)
    shop.edit("messages/confirm.yaml", "첫째 글", "둘째 글")

    texts = next_run(shop)

    assert applied["live"]["rule_set"] == "legacy"
    assert any("첫째 글" in text for text in texts)
    assert not any("둘째 글" in text for text in texts)


def test_without_apply_the_files_count_as_ever(shop: Shop) -> None:
    shop.edit("messages/confirm.yaml", TEXT, "첫째 글")

    assert any("첫째 글" in text for text in next_run(shop))


def test_the_owner_is_told_who_changed_what_and_why(shop: Shop) -> None:
    shop.answer("rules", "apply", *WHO)
    shop.edit("messages/guide.yaml", "곧 시작될", "이제 시작될")

    document = shop.answer("rules", "apply", "--by", "점장", "--reason", "새 안내")

    assert (document["changed"], document["told"], document["texts"]) == (True, True, ["guide"])
    assert document["next"] == "booking-sms message outdated"
    assert "점장: 새 안내" in shop.told[-1]
    assert "바뀐 문자: guide" in shop.told[-1]


def test_applying_what_is_live_changes_nothing(shop: Shop) -> None:
    shop.answer("rules", "apply", *WHO)

    again = shop.answer("rules", "apply", *WHO)

    assert again["changed"] is False
    assert len(shop.told) == 1
    assert len(applied_history(shop.app.control)) == 1


@pytest.mark.parametrize(
    ("path", "old", "new", "said"),
    [
        ("rules/legacy.yaml", "hours: 2", "hours: x", "legacy.yaml:"),
        ("stores/900104.yaml", "parking", "car_park", "store 900104: TextUnresolved"),
    ],
)
def test_what_cannot_be_sent_is_not_applied(
    shop: Shop, path: str, old: str, new: str, said: str
) -> None:
    shop.edit(path, old, new)

    result = shop.run("rules", "apply", *WHO)

    assert isinstance(result.exception, RuleInvalid)  # main() makes it lines and exit code 2
    assert said in str(result.exception)
    assert applied_history(shop.app.control) == ()
    assert shop.told == []


def test_rules_that_would_text_twice_are_not_applied(shop: Shop) -> None:
    shop.answer("rules", "apply", *WHO)

    refused = shop.run("rules", "apply", "recommended", *WHO)
    shop.edit(
        "rules/recommended.yaml",
        "    occurrence: per_start\n",
        f"    occurrence: per_start\n    effective_from: {SOON.isoformat()}\n",
    )

    assert "rule guide-in-time: kind guide was sent once" in str(refused.exception)
    assert shop.answer("rules", "apply", "recommended", *WHO)["live"]["rule_set"] == "recommended"
    assert shop.answer("rules", "apply", *WHO)["changed"] is False  # recommended, by default now


def test_revert_brings_the_old_text_back(shop: Shop) -> None:
    shop.answer("rules", "apply", *WHO)
    shop.edit("messages/confirm.yaml", TEXT, "잘못 쓴 글")
    shop.answer("rules", "apply", *WHO)

    document = shop.answer("rules", "revert", "--by", "점장", "--reason", "오타")

    assert document["texts"] == ["confirm"]
    assert "되돌렸습니다" in shop.told[-1]
    assert not any("잘못 쓴 글" in text for text in next_run(shop))


def test_history_shows_who_and_that_files_are_not_live_yet(shop: Shop) -> None:
    assert shop.answer("rules", "history")["history"] == []
    shop.answer("rules", "apply", *WHO)
    shop.edit("messages/confirm.yaml", TEXT, "새 글")

    document = shop.answer("rules", "history")
    shown = shop.run("rules", "history")

    (entry,) = document["history"]
    assert (entry["by"], entry["reason"]) == ("점장", "첫 적용")
    assert document["live"].endswith("not live yet")
    assert "not live yet" in shown.stderr


def test_check_says_whether_the_files_are_live(shop: Shop) -> None:
    assert "read at every window" in shop.answer("rules", "check")["live"]
    shop.answer("rules", "apply", *WHO)
    shop.edit("messages/confirm.yaml", TEXT, "새 글")

    assert shop.answer("rules", "check")["live"].endswith("not live yet")


def test_rules_are_live_even_if_nobody_could_be_told(shop: Shop) -> None:
    shop.app.__dict__["_owner_channel"] = None

    result = shop.run("rules", "apply", *WHO)

    assert result.exit_code == 0
    assert "live all the same" in result.stderr
    assert len(applied_history(shop.app.control)) == 1
