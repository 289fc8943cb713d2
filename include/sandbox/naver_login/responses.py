"""What the login site answers."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from sandbox.context import SandboxContext
from sandbox.faults import Fault
from sandbox.naver_login import errors, pages
from sandbox.naver_login.errors import Wall
from sandbox.naver_login.models import (
    AUT_COOKIE,
    SES_COOKIE,
    NaverLoginState,
    captcha_answer,
)
from sandbox.replies import hang, read_form

STAY_SIGNED_IN_SECONDS = 30 * 24 * 3600
_LAYOUTS: dict[str, pages.Layout] = {"layout_changed": "changed", "old_layout": "old"}


class LoginSite:
    """Handlers of all pages; the state lives in :class:`NaverLoginState`."""

    def __init__(self, context: SandboxContext) -> None:
        self._context = context

    @property
    def _state(self) -> NaverLoginState:
        return self._context.state(NaverLoginState)

    async def show_form(self, request: Request) -> Response:
        """GET /nidlogin.login."""
        fault = await self._take(request, "page")
        url = request.query_params.get("url", "")
        kind = fault.kind if fault else ""
        if kind == "http_500":
            return _server_error()
        response = pages.login_page(
            url, _LAYOUTS.get(kind, "current"), captcha=kind == Wall.CAPTCHA
        )
        response.set_cookie("NNB", "SANDBOXNNB", path="/")
        return response

    async def submit_form(self, request: Request) -> Response:
        """POST /nidlogin.login."""
        form = await read_form(request)
        fault = await self._take(request, "login")
        kind = fault.kind if fault else ""
        if kind == "http_500":
            return _server_error()
        if kind == Wall.LOCKED or self._state.locked:
            return RedirectResponse("/user2/help/idRelease", status_code=302)
        return self._refusal(form, kind) or self._welcome(form, kind)

    def _refusal(self, form: dict[str, str], kind: str) -> Response | None:
        config, state = self._context.config.naver, self._state
        url, layout = form.get("url", ""), _layout_of(form)
        if kind == Wall.UNKNOWN:
            return pages.login_page(url, layout)
        if kind == Wall.CAPTCHA:
            return pages.login_page(url, layout, captcha=True, error=errors.CAPTCHA_TEXT)
        if state.wants_captcha(config) and not _captcha_solved(form):
            return pages.login_page(url, layout, captcha=True, error=errors.CAPTCHA_TEXT)
        if kind == Wall.WRONG_PASSWORD or not state.credentials_match(form, config):
            state.note_failure(config)
            self._context.mark_dirty()
            captcha = state.wants_captcha(config)
            text = errors.WRONG_PASSWORD_TEXT
            return pages.login_page(url, layout, error=text, captcha=captcha)
        return None

    def _welcome(self, form: dict[str, str], kind: str) -> Response:
        url = pages.safe_target(form.get("url", ""))
        self._context.mark_dirty()
        if kind in (Wall.NEW_DEVICE, Wall.TWO_STEP):
            token = urlencode({"token": self._state.await_confirmation(url)})
            path = "deviceConfirm" if kind == Wall.NEW_DEVICE else "need2"
            return RedirectResponse(f"/login/ext/{path}?{token}", status_code=302)
        stays = bool(form.get("smart_LEVEL") or form.get("nvlong"))
        return self._signed_in(url, stays=stays)

    def _signed_in(self, url: str, *, stays: bool = False) -> Response:
        session = self._state.open_session(self._context.config.naver)
        hop = f"/login/sso/finalize?{urlencode({'url': url})}"
        response = RedirectResponse(hop, status_code=302)
        lifetime = STAY_SIGNED_IN_SECONDS if stays else None
        for name, value in ((AUT_COOKIE, session.aut), (SES_COOKIE, session.ses)):
            response.set_cookie(
                name, value, max_age=lifetime, path="/", httponly=True, samesite=None
            )
        return response

    async def finish_sso(self, request: Request) -> Response:
        """GET /login/sso/finalize: neither a failure nor the end."""
        await self._take(request, "sso")
        return pages.sso_page(pages.safe_target(request.query_params.get("url", "")))

    async def ask_device(self, request: Request) -> Response:
        """GET /login/ext/deviceConfirm."""
        token = request.query_params.get("token", "")
        if token not in self._state.pending:
            return RedirectResponse(pages.login_address(""), status_code=302)
        return pages.device_page(token)

    async def answer_device(self, request: Request) -> Response:
        """Either link of the new-device page lets the owner in."""
        url = self._state.pending.pop(request.query_params.get("token", ""), None)
        if url is None:
            return RedirectResponse(pages.login_address(""), status_code=302)
        self._context.mark_dirty()
        return self._signed_in(url)

    async def ask_second_step(self, request: Request) -> Response:
        """GET /login/ext/need2: waits for a phone that nobody holds here."""
        return pages.two_step_page()

    async def show_lock(self, request: Request) -> Response:
        """GET /user2/help/idRelease."""
        return pages.locked_page()

    async def show_my_info(self, request: Request) -> Response:
        """GET /user2/help/myInfoV2: the probe of a session."""
        await self._take(request, "session")
        if self._state.session_of(request.cookies) is None:
            return RedirectResponse(pages.login_address(str(request.url)), status_code=302)
        return pages.my_info_page(self._context.config.naver.login_id)

    async def log_out(self, request: Request) -> Response:
        """GET /nidlogin.logout."""
        self._state.close(request.cookies)
        self._context.mark_dirty()
        response = RedirectResponse(pages.login_address(""), status_code=302)
        for name in (AUT_COOKIE, SES_COOKIE):
            response.delete_cookie(name, path="/", httponly=True)
        return response

    async def _take(self, request: Request, operation: str) -> Fault | None:
        fault = self._context.faults.take("naver_login", operation)
        if fault is not None:
            self._context.mark_dirty()
            await hang(request, fault)
        return fault


def _layout_of(form: dict[str, str]) -> pages.Layout:
    known: dict[str, pages.Layout] = {"old": "old", "changed": "changed"}
    return known.get(form.get("layout", ""), "current")


def _captcha_solved(form: dict[str, str]) -> bool:
    key = form.get("chptchakey", "")
    return bool(key) and form.get("chptcha") == captcha_answer(key)


def _server_error() -> Response:
    return PlainTextResponse("일시적인 오류입니다.", status_code=500)
