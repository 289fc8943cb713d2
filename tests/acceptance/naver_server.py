"""A Naver of our own: a login host and a partner booking host, on ports of their own.

Written from what is known of the real ones; it shares no code with sandbox or product. The
booking API is strict: what the real one refuses with 422 is refused here.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

LOGIN_ID, PASSWORD = "other-owner", 'it\'s a "secret" \\ 비밀'
KOREA = timezone(timedelta(hours=9))
PAGE_LIMIT = 50
UTC_TEXT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
BUTTONS = {
    # The window's width shows one of the two; log.login is left over from before.
    "row": '<button type="submit" id="loginBtn_row">로그인</button>'
    '<button type="submit" id="loginBtn_column" style="display:none">로그인</button>'
    '<input type="submit" id="log.login" value="로그인" style="display:none">',
    "column": '<button type="submit" id="loginBtn_row" style="display:none">로그인</button>'
    '<button type="submit" id="loginBtn_column">로그인</button>',
    "old": '<input type="submit" id="log.login" title="로그인" value="로그인">',
}


@dataclass
class OtherNaver:
    """What the two hosts know, and how they behave.

    ``expire_after`` ends every session after so many API calls, once. ``expired_form`` is how an
    expired one is refused: redirect, landing, 401, 403 or html. Without ``partner_pages`` the
    booking host has its API and no more.
    """

    bookings: list[dict[str, Any]] = field(default_factory=list)
    layout: str = "row"
    expired_form: str = "redirect"
    expire_after: int | None = None
    partner_pages: bool = True
    leave_by_script: bool = False
    login_url: str = ""
    booking_url: str = ""
    logins: int = 0
    refused: list[str] = field(default_factory=list)
    calls: int = 0
    sessions: set[tuple[str, str]] = field(default_factory=set)

    def connection(self) -> str:
        """The Airflow connection of this Naver, in JSON form."""
        extra = {"login_url": self.login_url, "booking_url": self.booking_url}
        fields = {"conn_type": "generic", "login": LOGIN_ID, "password": PASSWORD, "extra": extra}
        return json.dumps(fields, ensure_ascii=False)

    def open_session(self) -> dict[str, str]:
        """New cookies that let in."""
        aut, ses = secrets.token_urlsafe(16), secrets.token_urlsafe(24)
        self.sessions.add((aut, ses))
        return {"NID_AUT": aut, "NID_SES": ses}


@contextlib.contextmanager
def run_other_naver(host: str = "127.0.0.1", **behaviour: Any) -> Iterator[OtherNaver]:
    """Serve both sites until the block ends; ``host`` is how this machine is called."""
    state = OtherNaver(**behaviour)
    with _serve(_LoginHost, state) as login_port, _serve(_BookingHost, state) as booking_port:
        state.login_url = f"http://{host}:{login_port}"
        state.booking_url = f"http://{host}:{booking_port}"
        yield state


@contextlib.contextmanager
def _serve(host: type[_Host], state: OtherNaver) -> Iterator[int]:
    handler = type("Handler", (host,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True  # a browser keeps connections open that it never uses
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Host(BaseHTTPRequestHandler):
    state: OtherNaver

    def cookies(self) -> dict[str, str]:
        parts = (self.headers.get("Cookie") or "").split("; ")
        return dict(part.split("=", 1) for part in parts if "=" in part)

    def is_signed_in(self) -> bool:
        cookies = self.cookies()
        return (cookies.get("NID_AUT"), cookies.get("NID_SES")) in self.state.sessions

    def answer(self, status: int, body: str, kind: str, **headers: Any) -> None:
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            for one in value if isinstance(value, list) else [value]:
                self.send_header(name.replace("_", "-"), one)
        self.end_headers()
        self.wfile.write(content)

    def html(self, status: int, body: str, **headers: Any) -> None:
        page = f"<!doctype html><html lang=ko><meta charset=utf-8><body>{body}</body></html>"
        self.answer(status, page, "text/html", **headers)

    def redirect(self, to: str, **headers: Any) -> None:
        self.answer(302, "", "text/html", Location=to, **headers)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test output clean."""


class _LoginHost(_Host):
    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path != "/nidlogin.login":
            self.html(404, "없는 페이지입니다.")
            return
        (wanted,) = parse_qs(address.query).get("url", [""])
        self.html(200, self._form(wanted))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        if (form.get("id"), form.get("pw")) != (LOGIN_ID, PASSWORD):
            self.html(200, "<p id=err_common>아이디 또는 비밀번호를 잘못 입력했습니다.</p>")
            return
        self.state.logins += 1
        cookies = self.state.open_session()
        kept = [f"{name}={value}; Path=/; HttpOnly" for name, value in cookies.items()]
        if self.state.leave_by_script:
            leave = f"<script>location.replace({json.dumps(form['url'])})</script>"
            self.html(200, leave, Set_Cookie=kept)
        else:
            self.redirect(form["url"], Set_Cookie=kept)

    def _form(self, wanted: str) -> str:
        return (
            "<form id=frmNIDLogin method=post action=/nidlogin.login>"
            f'<input type="hidden" name="url" value="{wanted}">'
            '<input type="text" id="id" name="id" maxlength="41">'
            '<input type="password" id="pw" name="pw" maxlength="16000">'
            f"{BUTTONS[self.state.layout]}</form>"
        )


class _BookingHost(_Host):
    def do_GET(self) -> None:
        address = urlsplit(self.path)
        api = re.fullmatch(r"(/v3\.1)?(?:/api)?/businesses/(\d+)/bookings(/count)?", address.path)
        if api is None:
            self._page(address.path)
            return
        self.state.calls += 1
        if self.state.calls == self.state.expire_after:
            self.state.sessions.clear()
        if not self.is_signed_in():
            self._refuse()
            return
        query = {name: values[0] for name, values in parse_qs(address.query, True).items()}
        problem = _bad_query(query)
        if problem:
            self.state.refused.append(problem)
            self.answer(422, json.dumps({"message": problem}), "application/json")
            return
        found = self._select(api[2], query)
        if api[3]:
            self.answer(200, json.dumps({"count": len(found)}), "application/json")
            return
        first = int(query["page"]) * int(query["size"])
        self.answer(200, json.dumps(found[first : first + int(query["size"])]), "application/json")

    def _select(self, store: str, query: dict[str, str]) -> list[dict[str, Any]]:
        """By status (a comma list, empty for all) and by visit or registration date."""
        codes = [code for code in query.get("bookingStatusCodes", "").split(",") if code]
        found = [one for one in self.state.bookings if str(one["businessId"]) == store]
        if codes:
            found = [one for one in found if one["bookingStatusCode"] in codes]
        if query.get("startDateTime"):
            since, until = (_instant(query[name]) for name in ("startDateTime", "endDateTime"))
            found = [one for one in found if since <= _date(one, query["dateFilter"]) <= until]
        return sorted(found, key=lambda one: one["snapshotJson"]["startDateTime"])

    def _page(self, path: str) -> None:
        if path == "/landing":
            self.redirect(self._login_page())
        elif not self.state.partner_pages:
            self.html(404, "없는 페이지입니다.")
        elif self.is_signed_in():
            self.html(200, "예약 목록", Set_Cookie="partner-scope=1; Path=/")
        else:
            self.redirect(self._login_page())

    def _refuse(self) -> None:
        form = self.state.expired_form
        if form in ("401", "403"):
            self.answer(int(form), '{"message": "로그인이 필요합니다."}', "application/json")
        elif form == "html":
            self.html(200, "로그인이 필요한 서비스입니다.")
        else:
            self.redirect("/landing" if form == "landing" else self._login_page())

    def _login_page(self) -> str:
        wanted = quote(f"{self.state.booking_url}/", safe="")
        return f"{self.state.login_url}/nidlogin.login?mode=form&url={wanted}"


def _bad_query(query: dict[str, str]) -> str:
    """What the real API answers 422 to, or was never seen to take."""
    if not query.get("noCache", "").isdigit():
        return "noCache"
    if not 0 < int(query.get("size", "0")) <= PAGE_LIMIT or not query.get("page", "").isdigit():
        return "page or size"
    if query.get("dateFilter") not in ("USEDATE", "REGDATE"):
        return "dateFilter"
    ends = [query.get("startDateTime", ""), query.get("endDateTime", "")]
    if not any(ends):
        return ""
    if not all(UTC_TEXT.fullmatch(end) for end in ends):
        return "a time without UTC's Z"
    if _instant(ends[1]) - _instant(ends[0]) > timedelta(days=31):
        return "more than 31 days"
    return ""


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _date(booking: dict[str, Any], date_filter: str) -> datetime:
    if date_filter == "REGDATE":
        return _instant(booking["regDateTime"])
    return _instant(booking["snapshotJson"]["startDateTime"])


def booking(
    number: int, store: str, start: datetime, status: str = "RC03", **changes: Any
) -> dict[str, Any]:
    """A payload with what every booking has; the real one has 331 leaves."""
    utc = start.astimezone(UTC)
    return {
        "bookingId": 7_000_000_000 + number,
        "businessId": int(store),
        "businessName": "다른 별빛 사진관",
        "bizItemId": 8_800_012,
        "bizItemName": "60분 이용",
        "bookingStatusCode": status,
        "userId": 4_300_000 + number,
        "name": f"손님{number}",
        "phone": f"0100007{number:04d}",
        "email": f"guest{number}@example.com",
        "startDate": f"{start:%Y-%m-%d}",
        "endDate": f"{start:%Y-%m-%d}",
        "bookingCount": 1,
        "totalPrice": 30_000,
        "regDateTime": f"{start - timedelta(days=3):%Y-%m-%dT%H:%M:%S}+09:00",
        "confirmedDateTime": f"{start - timedelta(days=3):%Y-%m-%dT%H:%M:%S}+09:00",
        "isCompleted": status == "RC08",
        "snapshotJson": {
            "startDateTime": f"{utc:%Y-%m-%dT%H:%M:%SZ}",
            "endDateTime": f"{utc + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
            "globalTimezone": "Asia/Seoul",
            "bookingOptionJson": [],
        },
        "bookingOptionJson": [],
        **changes,
    }
