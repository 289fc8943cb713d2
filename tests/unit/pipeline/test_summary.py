from datetime import timedelta

from rule_world import decide

from booking_sms.domain.phone import mask_phone
from booking_sms.pipeline.summary import IDLE, SummaryLine, lines_of_plan, summary_text
from booking_sms.testing import make_booking


def test_one_builder_two_renderings() -> None:
    lines = lines_of_plan(decide(make_booking(starts_in=timedelta(hours=1))))

    assert summary_text(lines, str) == (
        "010-0000-1234 예약확정 문자 발송 완료\n010-0000-1234 안내 문자 발송 완료"
    )
    assert summary_text(lines, mask_phone).startswith("010-****-1234 예약확정")


def test_an_idle_run_is_silent_unless_a_line_is_asked_for() -> None:
    assert summary_text([], str) == ""
    assert summary_text([], str, idle=IDLE) == "문자 발송 대상 없음"


def test_a_kind_of_our_own_is_named_as_it_is() -> None:
    assert SummaryLine("x", "promo", done=False).text(str) == "x promo 문자 발송 실패"
