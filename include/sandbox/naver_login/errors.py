"""Walls and texts of the login site, and where each was seen.

The vendor documents none of this. Every entry was gathered from public code that logs in to the
real site, so treat the shapes as observed, not as promised.
"""

from enum import StrEnum


class Wall(StrEnum):
    """What can stand between a right password and a session."""

    CAPTCHA = "captcha"  # visible #captcha with #chptcha, name=chptchakey (several projects, 2026)
    NEW_DEVICE = "new_device"  # /login/ext/deviceConfirm, two links without ids (snapshot 2026-03)
    LOCKED = "locked"  # /user2/help/idRelease, the text of a protection lock
    TWO_STEP = "two_step"  # text only; the address here is a guess, the real one is not known
    WRONG_PASSWORD = "wrong_password"  # text in #err_common
    UNKNOWN = "unknown"  # still on the form, with no text at all


WRONG_PASSWORD_TEXT = "아이디 또는 비밀번호를 잘못 입력했습니다. 다시 확인해 주세요."
CAPTCHA_TEXT = "자동입력 방지 문자를 입력해 주세요."
LOCKED_TEXT = "회원님의 아이디는 보호조치 되었습니다."
TWO_STEP_TEXT = "2단계 인증이 필요합니다. 스마트폰의 알림에서 승인해 주세요."
NEW_DEVICE_TEXT = "새로운 기기에서 로그인되었습니다. 이 기기를 등록하시겠습니까?"

# Kind -> the calls it acts on; the first is where it is put when none is named.
FAULT_KINDS: dict[str, tuple[str, ...]] = {
    **{wall.value: ("login",) for wall in Wall},
    Wall.CAPTCHA.value: ("login", "page"),
    "layout_changed": ("page",),
    "old_layout": ("page",),
    "http_500": ("page", "login"),
    "hang": ("page", "login", "session", "sso"),
}
