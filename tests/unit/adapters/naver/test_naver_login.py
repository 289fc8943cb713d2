from __future__ import annotations

import subprocess
import sys

import pytest

from booking_sms.adapters.naver.addresses import NaverAddresses
from booking_sms.adapters.naver.browser import find_browser
from booking_sms.adapters.naver.cookies import has_auth
from booking_sms.adapters.naver.login import NaverLogin
from booking_sms.adapters.naver.login_page import LoginVerdict, classify_login_page
from booking_sms.adapters.naver.login_settings import BrowserConfig, Credentials
from booking_sms.domain.errors import SettingsInvalid

FORM = "https://nid.example/nidlogin.login"
FORM_TEXT = "아이디\n비밀번호\n로그인 상태 유지\n로그인\n비밀번호 찾기\n아이디 찾기\n회원가입"


@pytest.mark.parametrize(
    ("url", "text", "verdict"),
    [
        pytest.param(FORM, FORM_TEXT, LoginVerdict.UNDECIDED, id="the form alone"),
        pytest.param(FORM, "", LoginVerdict.UNDECIDED, id="nothing yet"),
        pytest.param(
            FORM,
            f"{FORM_TEXT}\n아이디(로그인 전용 아이디) 또는 비밀번호를 잘못 입력했습니다.",
            LoginVerdict.WRONG_PASSWORD,
            id="wrong password",
        ),
        pytest.param(
            FORM, "The ID or password is incorrect.", LoginVerdict.WRONG_PASSWORD, id="in English"
        ),
        pytest.param(
            FORM,
            "비밀번호를 잘못 입력했습니다.\n자동입력 방지 문자를 입력해 주세요.",
            LoginVerdict.CAPTCHA,
            id="captcha beats wrong password",
        ),
        pytest.param(
            "https://nid.example/login/captcha", "", LoginVerdict.CAPTCHA, id="captcha by address"
        ),
        pytest.param(
            "https://nid.example/login/ext/deviceConfirm.nhn",
            "등록 등록안함",
            LoginVerdict.NEW_DEVICE,
            id="new device by address",
        ),
        pytest.param(
            FORM, "새로운 기기에서 로그인 등록", LoginVerdict.NEW_DEVICE, id="new device by text"
        ),
        pytest.param(
            "https://nid.example/login/ext/deviceConfirm",
            "2단계 인증 알림을 확인해 주세요",
            LoginVerdict.TWO_STEP,
            id="second step on the device page",
        ),
        pytest.param(
            "https://nid.example/login/ext/need2", "", LoginVerdict.TWO_STEP, id="second step"
        ),
        pytest.param(
            "https://nid.example/user2/help/idSafetyRelease", "", LoginVerdict.LOCKED, id="lock"
        ),
        pytest.param(FORM, "보호조치 되었습니다", LoginVerdict.LOCKED, id="lock by text"),
        pytest.param(
            "https://nid.example/login/sso/finalize", "", LoginVerdict.UNDECIDED, id="SSO hop"
        ),
    ],
)
def test_what_a_login_page_says(url, text, verdict):
    assert classify_login_page(url, text) is verdict


def test_a_visible_captcha_needs_no_words():
    verdict = classify_login_page(FORM, FORM_TEXT, captcha_visible=True)

    assert verdict is LoginVerdict.CAPTCHA


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["NID_AUT", "NID_SES", "NNB"], True),
        (["NID_AUT"], False),
        (["NNB"], False),
        ([], False),
    ],
)
def test_both_login_cookies_are_needed(names, expected):
    assert has_auth({"name": name} for name in names) is expected


def test_credentials_are_not_shown():
    assert "secret" not in repr(Credentials(username="secret-id", password="secret-word"))


@pytest.mark.parametrize(
    ("config", "setting"),
    [
        (BrowserConfig(binary="/no/browser"), "BOOKING_SMS_CHROME_BINARY"),
        (BrowserConfig(binary="/bin/true", driver="/no/driver"), "BOOKING_SMS_CHROMEDRIVER"),
    ],
)
def test_a_missing_browser_is_a_setting_to_mend_and_no_try(config, setting):
    attempts: list[None] = []
    login = NaverLogin(
        NaverAddresses("http://127.0.0.1:1", "http://127.0.0.1:2"),
        Credentials(username="u", password="p"),
        first_store="1",
        browser=config,
    )

    with pytest.raises(SettingsInvalid, match=setting):
        login.sign_in(lambda: attempts.append(None))

    assert attempts == []


def test_a_chosen_browser_is_used():
    assert find_browser(BrowserConfig(binary="/bin/true", driver="/bin/false")) == (
        "/bin/true",
        "/bin/false",
    )


def test_reading_bookings_does_not_load_selenium():
    code = (
        "import sys, booking_sms.adapters.naver.login, booking_sms.adapters.naver.session, "
        "booking_sms.adapters.naver.source; sys.exit('selenium' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
