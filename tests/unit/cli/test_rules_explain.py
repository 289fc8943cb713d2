"""Why a booking of today gets, or does not get, each message: asked of the live system."""

from datetime import timedelta

import pytest
from command_world import PHONE, Shop

from booking_sms.cli.run import run_window
from booking_sms.domain.window import Window
from booking_sms.testing import NOW, make_booking

pytestmark = pytest.mark.slow

BOOKING = make_booking().booking_num
NEXT = (NOW + timedelta(minutes=20)).isoformat()


def holds(shop: Shop, *arguments: str) -> dict[str, bool | None]:
    (document,) = shop.answer("rules", "explain", "--booking", BOOKING, *arguments)
    return {rule["rule"]: rule["holds"] for rule in document["rules"]}


def test_a_booking_is_explained_as_it_stands(shop: Shop) -> None:
    before = holds(shop)
    run_window(shop.app, Window(NOW))
    after = holds(shop, "--at", NEXT)

    assert (before["guide-first-sight"], before["event-at-eight"]) == (True, False)
    assert not any(after.values())


def test_another_instant_and_rule_set_can_be_asked_for(shop: Shop) -> None:
    late = (NOW + timedelta(hours=1, minutes=20)).isoformat()

    assert holds(shop, "--rules", "recommended")["confirm-known"] is True
    assert holds(shop, "--rules", "recommended", "--at", late)["confirm-known"] is False


def test_people_see_why_and_no_phone(shop: Shop) -> None:
    result = shop.run("rules", "explain", "--booking", BOOKING)

    assert result.exit_code == 0
    assert "guide-first-sight" in result.output
    assert PHONE not in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give --booking"),
        (("--booking", "7000000001"), "give --booking"),
        (("--booking", "900101_404"), "Naver does not know booking 900101_404"),
        (("--booking", BOOKING, "--at", "yesterday"), "not an ISO instant"),
        (("--id", "reminder-due"), "go together"),
    ],
)
def test_wrong_questions_get_one_clear_line(
    shop: Shop, arguments: tuple[str, ...], said: str
) -> None:
    result = shop.run("rules", "explain", *arguments)

    assert result.exit_code != 0
    assert said in " ".join(result.output.split())
