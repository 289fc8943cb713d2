"""The login site: form, walls, cookies, sessions."""

import re

import pytest
from naver_world import LOGIN, TARGET, make_world

from sandbox.naver_login.models import captcha_answer

INFO = "/user2/help/myInfoV2"


def test_page_has_both_buttons_and_the_old_one_hidden() -> None:
    page = make_world().login.get(LOGIN, params={"mode": "form", "url": TARGET}).text

    assert '<meta charset="utf-8">' in page
    for element in ("id", "pw", "loginBtn_row", "loginBtn_column", "passkeyBtn_row"):
        assert f'id="{element}"' in page
    assert 'id="log.login" class="btn_login log_old"' in page
    assert ".log_old { display: none; }" in page
    assert re.search(r'id="captcha" class="captcha_wrap" style="display:none"', page)
    assert re.search(r'<button type="submit" class="btn_lang"', page)


def test_right_password_gives_http_only_cookies_and_one_hop() -> None:
    world = make_world()

    answer = world.submit()

    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/login/sso/finalize?")
    cookies = [c for c in answer.headers.get_list("set-cookie") if c.startswith("NID_")]
    assert len(cookies) == 2
    assert all("HttpOnly" in cookie and "Path=/" in cookie for cookie in cookies)
    hop = world.login.get(answer.headers["location"])
    assert f'content="0;url={TARGET}"' in hop.text
    assert world.login.get(INFO).status_code == 200


def test_stay_signed_in_makes_the_cookies_outlive_the_browser() -> None:
    world = make_world()

    assert "Max-Age" not in world.submit().headers["set-cookie"]
    assert "Max-Age" in world.submit(smart_LEVEL="1").headers["set-cookie"]


def test_foreign_target_is_not_followed() -> None:
    answer = make_world().submit(url="https://elsewhere.example/")

    assert "myInfoV2" in answer.headers["location"]


def test_wrong_password_says_so_and_gives_no_session() -> None:
    world = make_world()

    answer = world.submit(pw="wrong")

    assert "비밀번호를 잘못 입력" in answer.text
    assert "NID_SES" not in answer.headers.get("set-cookie", "")
    assert world.login.get(INFO).headers["location"].startswith(LOGIN)


def test_too_many_wrong_passwords_bring_the_captcha_then_the_lock() -> None:
    world = make_world()
    for _ in range(3):
        answer = world.submit(pw="wrong")
    key = re.search(r'name="chptchakey" value="(\w+)"', answer.text)

    assert key is not None
    assert "style" not in re.search(r'id="captcha"[^>]*', answer.text).group()  # type: ignore[union-attr]
    refused = world.submit()
    assert refused.status_code == 200
    assert "자동입력 방지" in refused.text
    solved = world.submit(chptchakey=key[1], chptcha=captcha_answer(key[1]))
    assert solved.status_code == 302


def test_account_locks_in_the_end() -> None:
    world = make_world()
    world.context.config.update_naver({"captcha_after_failures": 50, "lock_after_failures": 2})
    for _ in range(2):
        world.submit(pw="wrong")

    assert world.submit().headers["location"] == "/user2/help/idRelease"
    assert "보호조치" in world.login.get("/user2/help/idRelease").text


@pytest.mark.parametrize(
    ("kind", "sign"),
    [
        pytest.param("captcha", 'name="chptchakey"', id="captcha"),
        pytest.param("wrong_password", "잘못 입력", id="wrong password"),
        pytest.param("unknown", 'id="frmNIDLogin"', id="still on the form"),
    ],
)
def test_wall_answers_with_the_form(kind: str, sign: str) -> None:
    world = make_world()
    world.fault("naver_login", "login", kind)

    answer = world.submit()

    assert answer.status_code == 200
    assert sign in answer.text
    assert world.account.logins == 0


def test_new_device_asks_with_two_plain_links_and_then_lets_in() -> None:
    world = make_world()
    world.fault("naver_login", "login", "new_device")

    wall = world.submit()
    page = world.login.get(wall.headers["location"]).text
    links = re.findall(r'<a class="link" href="([^"]+)">(.+?)</a>', page)

    assert wall.headers["location"].startswith("/login/ext/deviceConfirm?")
    assert [text for _, text in links] == ["등록", "등록안함"]
    assert "새로운 기기" in page
    entered = world.login.get(links[0][0].replace("&amp;", "&"))
    assert entered.headers["location"].startswith("/login/sso/finalize")
    assert world.account.logins == 1


@pytest.mark.parametrize(
    ("kind", "path", "sign"),
    [
        pytest.param("two_step", "/login/ext/need2", "2단계 인증", id="two steps"),
        pytest.param("locked", "/user2/help/idRelease", "보호조치", id="protection lock"),
    ],
)
def test_wall_that_needs_a_person_is_a_page_of_its_own(kind: str, path: str, sign: str) -> None:
    world = make_world()
    world.fault("naver_login", "login", kind)

    answer = world.submit()

    assert answer.headers["location"].startswith(path)
    assert sign in world.login.get(answer.headers["location"]).text
    assert world.account.logins == 0


def test_changed_layout_has_none_of_the_known_ids_but_still_logs_in() -> None:
    world = make_world()
    world.fault("naver_login", "page", "layout_changed")

    page = world.login.get(LOGIN).text
    config = world.context.config.naver

    for element in ("id", "pw", "loginBtn_row", "log.login"):
        assert f'id="{element}"' not in page
    changed = {"account": config.login_id, "secret": config.password}
    assert world.login.post(LOGIN, data=changed).status_code == 302


def test_old_layout_shows_only_the_old_button() -> None:
    world = make_world()
    world.fault("naver_login", "page", "old_layout")

    page = world.login.get(LOGIN).text

    assert 'id="log.login"' in page
    assert "loginBtn_row" not in page
    assert ".log_old { display: none; }" not in page


def test_server_error_and_hang() -> None:
    world = make_world()
    world.fault("naver_login", "page", "http_500")
    world.fault("naver_login", "page", "hang", params={"seconds": 0.01})

    assert world.login.get(LOGIN).status_code == 500
    assert world.login.get(LOGIN).status_code == 200


def test_session_ends_on_request_after_calls_and_after_seconds() -> None:
    world = make_world()
    now, calls, seconds = (world.account.open_session(world.context.config.naver) for _ in "123")
    cookies = [{"NID_AUT": one.aut, "NID_SES": one.ses} for one in (now, calls, seconds)]

    now.expired = True
    calls.calls_left = 1
    world.account.spend_call(calls)
    seconds.expires_at = "2020-01-01T00:00:00+00:00"

    assert [world.account.session_of(pair) for pair in cookies] == [None, None, None]


def test_session_needs_both_cookies() -> None:
    world = make_world()
    session = world.account.open_session(world.context.config.naver)

    assert world.account.session_of({"NID_SES": session.ses}) is None
    assert world.account.session_of({"NID_SES": session.ses, "NID_AUT": "x"}) is None
    assert world.account.session_of({"NID_SES": session.ses, "NID_AUT": session.aut}) is session


def test_log_out_ends_the_session() -> None:
    world = make_world()
    world.submit()

    world.login.get("/nidlogin.logout")

    assert world.login.get(INFO).status_code == 302


def test_state_survives_a_dump() -> None:
    world, other = make_world(), make_world()
    session = world.account.open_session(world.context.config.naver)
    world.account.note_failure(world.context.config.naver)

    other.account.restore(world.account.dump())

    assert other.account.session_of({"NID_SES": session.ses, "NID_AUT": session.aut}) == session
    assert other.account.dump() == world.account.dump()
