import pytest
from command_world import GOLDEN, PHONE, Shop

from booking_sms.domain.errors import BookingApiUnavailable

pytestmark = pytest.mark.slow

NEXT = ("--next", "24h")
BOTH = ("rules", "diff", "legacy", "recommended")


def test_the_next_day_of_both_rule_sets_is_compared(shop: Shop) -> None:
    shop.edit(
        "rules/recommended.yaml", "kind: confirm\n", "kind: welcome\n    formerly: [confirm]\n"
    )
    shop.edit("rules/recommended.yaml", "    flag: confirm_sms\n", "")

    document = shop.answer(*BOTH, *NEXT)

    assert (document["windows"], document["read"]["bookings"]) == (72, 1)
    assert (document["gained"], document["lost"]) == (1, 1)
    assert {(one["change"], one["kind"]) for one in document["changes"]} == {
        ("gained", "welcome"),
        ("lost", "confirm"),
    }


def test_people_see_counts_and_masked_samples(shop: Shop) -> None:
    shop.edit(
        "messages/guide.yaml", "  안녕하세요, {{ brand }} {{ store.alias }}입니다.", "  새 글."
    )

    result = shop.run("rules", "diff", "legacy", "legacy", *NEXT)

    assert result.exit_code == 0
    assert PHONE not in result.stdout


def test_live_is_what_was_applied(shop: Shop) -> None:
    assert "nothing is live yet" in shop.run("rules", "diff", "live", "legacy", *NEXT).stderr
    shop.answer("rules", "apply", "--by", "점장", "--reason", "처음")
    assert shop.answer("rules", "diff", "live", "legacy", *NEXT)["changes"] == []

    shop.edit("messages/confirm.yaml", "예약이 확정되었습니다", "예약을 받았습니다")
    document = shop.answer("rules", "diff", "live", "legacy", *NEXT)
    shown = shop.run("rules", "diff", "live", "legacy", *NEXT).stdout

    assert (document["reworded"], document["gained"], document["lost"]) == (1, 0, 0)
    assert "900101_7000000001 010-****-1234 confirm reworded 03-02 14:00" in shown


def test_looking_ahead_writes_nothing(shop: Shop) -> None:
    shop.answer(*BOTH, *NEXT)

    assert shop.app.jobs.jobs == ()
    assert shop.app.control.get_note("last-good-catalog") is None
    assert shop.app.stage.list("") == ()


def test_a_store_that_cannot_be_read_is_named(shop: Shop) -> None:
    shop.app.source.failures["900103"] = BookingApiUnavailable(store="900103")

    document = shop.answer(*BOTH, *NEXT, exit_code=1)

    assert document["read"]["failed_stores"] == {"900103": "BookingApiUnavailable"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "either --golden or --next"),
        (("--golden", str(GOLDEN), *NEXT), "either --golden or --next"),
        (("--next", "tomorrow"), "is no span"),
        (("--next", "5m"), "at least 20m"),
        (("--next", "8d"), "at most 7d"),
    ],
)
def test_a_wrong_question_gets_one_clear_line(
    shop: Shop, options: tuple[str, ...], said: str
) -> None:
    result = shop.run(*BOTH, *options)

    assert result.exit_code == 2
    assert said in result.stderr
