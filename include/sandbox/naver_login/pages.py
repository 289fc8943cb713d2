"""The HTML of the login site, as data to a few templates."""

import secrets
from typing import Literal
from urllib.parse import urlencode, urlsplit

from jinja2 import Environment, PackageLoader
from starlette.responses import HTMLResponse

from sandbox.naver_login import errors
from sandbox.naver_login.models import captcha_answer

Layout = Literal["current", "old", "changed"]
LOGIN_PATH = "/nidlogin.login"
MY_INFO_PATH = "/user2/help/myInfoV2"
_TEMPLATES = Environment(loader=PackageLoader("sandbox.naver_login"), autoescape=True)


def login_address(url: str) -> str:
    """Where an unknown visitor is sent; ``url`` is where he wanted to go."""
    return f"{LOGIN_PATH}?{urlencode({'mode': 'form', 'url': url})}"


def safe_target(url: str) -> str:
    """``url`` if it stays on this machine, else the account page."""
    host = urlsplit(url).hostname or ""
    local = host in ("127.0.0.1", "::1", "localhost") or host.endswith(".localhost")
    return url if local and url.startswith(("http://", "https://")) else MY_INFO_PATH


def login_page(
    url: str, layout: Layout = "current", *, error: str = "", captcha: bool = False
) -> HTMLResponse:
    """The form; the captcha is always in the page and only sometimes visible."""
    key = secrets.token_hex(8) if captcha else ""
    return _page(
        "login.html",
        url=url,
        layout=layout,
        error=error,
        captcha_key=key,
        captcha_code=captcha_answer(key) if captcha else "",
        captcha_text=errors.CAPTCHA_TEXT,
    )


def device_page(token: str) -> HTMLResponse:
    """The question whether to register a new device: two plain links in a fieldset."""
    answers = {
        name: f"/login/ext/deviceConfirm/answer?{urlencode({'token': token, 'register': value})}"
        for name, value in (("register", "true"), ("skip", "false"))
    }
    return _page("device.html", text=errors.NEW_DEVICE_TEXT, **answers)


def two_step_page() -> HTMLResponse:
    """The wait for an approval on the owner's phone."""
    return _page("notice.html", heading="2단계 인증", text=errors.TWO_STEP_TEXT)


def locked_page() -> HTMLResponse:
    """The account is protected until its owner frees it."""
    return _page("notice.html", heading="아이디 보호조치", text=errors.LOCKED_TEXT)


def my_info_page(login_id: str) -> HTMLResponse:
    """A page that only a valid session sees."""
    return _page("notice.html", heading="내 정보", text=f"{login_id} 님의 계정입니다.")


def sso_page(url: str) -> HTMLResponse:
    """The hop between the login and the page one wanted."""
    return _page("sso.html", url=url)


def _page(template: str, **values: str) -> HTMLResponse:
    return HTMLResponse(_TEMPLATES.get_template(template).render(**values))
