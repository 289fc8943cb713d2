"""Who may pass: cookies, session limits, and the forms in which an expired session is refused."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sandbox.context import SandboxContext
from sandbox.naver_booking.errors import forbidden, unauthorized
from sandbox.naver_booking.models import NaverBookingState
from sandbox.naver_login.models import SES_COOKIE, NaverLoginState
from sandbox.naver_login.pages import login_address


class Gate:
    """Checks the cookies of each request against the login site's sessions."""

    def __init__(self, context: SandboxContext) -> None:
        self._context = context

    def refuse_call(self, request: Request) -> Response | None:
        """Count an API call; answer for the session if it is no good."""
        login = self._context.state(NaverLoginState)
        session = login.session_of(request.cookies)
        if session is None:
            return self.expired(self._context.config.naver.expired_form)
        login.spend_call(session)
        self._context.mark_dirty()
        unmet = session.ses not in self._context.state(NaverBookingState).visited
        if self._context.config.naver.require_partner_visit and unmet:
            return unauthorized().response()
        return None

    def refuse_page(self, request: Request) -> Response | None:
        """A human page: without a session it sends the visitor to the login form."""
        if self._context.state(NaverLoginState).session_of(request.cookies) is None:
            return self._to_login(str(request.url))
        self._context.state(NaverBookingState).visited.add(request.cookies[SES_COOKIE])
        self._context.mark_dirty()
        return None

    def expired(self, form: str) -> Response:
        """One of the four ways in which an expired session was seen to be refused."""
        if form == "expired_401":
            return unauthorized().response()
        if form == "expired_403":
            return forbidden().response()
        if form == "expired_landing":
            return RedirectResponse(f"{self._context.url('naver_booking')}/landing", 302)
        return self._to_login(f"{self._context.url('naver_booking')}/")

    def landing(self) -> Response:
        """The hop of ``expired_landing``: on to the login form."""
        query = urlencode({"from": "partner"})
        return self._to_login(f"{self._context.url('naver_booking')}/?{query}")

    def _to_login(self, wanted: str) -> Response:
        return RedirectResponse(self._context.url("naver_login") + login_address(wanted), 302)
