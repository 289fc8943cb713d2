"""The login page against the simulated Naver with a real Chromium."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest
from naver_sandbox import STORES, NaverSandbox, browser_processes

from booking_sms.adapters.naver.addresses import NaverAddresses
from booking_sms.adapters.naver.cookies import has_auth
from booking_sms.adapters.naver.login import NaverLogin
from booking_sms.adapters.naver.login_settings import BrowserConfig
from booking_sms.domain.errors import (
    AccountLocked,
    BrowserCrashed,
    CaptchaRequired,
    LoginBudgetSpent,
    LoginLayoutChanged,
    LoginRejected,
    LoginUnavailable,
    NewDeviceRequired,
)
from booking_sms.telemetry.call_meter import CallMeter

pytestmark = [pytest.mark.integration, pytest.mark.browser]


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    temporary = Path(tempfile.mkdtemp(prefix="nv-"))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    yield
    assert browser_processes() == []
    assert list(temporary.iterdir()) == []
    temporary.rmdir()


class Attempts:
    """Counts how often the password is about to be sent."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.fixture
def attempts() -> Attempts:
    return Attempts()


def test_a_login_brings_cookies_that_the_api_takes(sandbox, make_reader):
    reader = make_reader(login=sandbox.browser_login())

    told = reader.session.ensure_valid()

    assert told["browser_started"]
    assert has_auth(reader.store.record.cookies)
    assert {cookie["domain"] for cookie in reader.store.record.cookies} == {"127.0.0.1"}
    assert reader.source.fetch_store(STORES[0], sandbox.window).bookings
    assert sandbox.account["logins"] == 1


def test_a_login_tells_what_the_browser_took(sandbox, attempts):
    """Shared pages count once: the sizes of Chromium's processes added up would be twice it."""
    meter = CallMeter()
    sandbox.browser_login(meter=meter).sign_in(attempts)
    taken = meter.take()

    (start_ms,), (memory_mb,) = taken.browser_start_ms, taken.browser_memory_mb
    assert start_ms > 0
    assert 60 < memory_mb < 768


def test_the_partner_site_is_visited_for_its_own_cookies(sandbox, make_reader):
    sandbox.configure(require_partner_visit=True)
    reader = make_reader(login=sandbox.browser_login())

    assert reader.session.ensure_valid()["verified"]


@pytest.mark.long
def test_a_partner_page_that_fails_costs_nothing(sandbox, attempts):
    sandbox.fault("naver_booking", "http_500", operation="page", times=None)

    assert has_auth(sandbox.browser_login().sign_in(attempts))


def test_an_expiry_in_the_middle_of_a_run_is_renewed_once(sandbox, make_reader):
    reader = make_reader(login=sandbox.browser_login())
    reader.session.ensure_valid()
    sandbox.control("POST", "naver/expire-sessions", after_calls=4)

    for store in STORES:
        assert reader.source.fetch_store(store, sandbox.window).bookings

    assert sandbox.account["logins"] == 2


@pytest.mark.long
@pytest.mark.parametrize(
    "password", ["p\"'\\ <b>&amp; 비밀번호 별빛 ☆", "  aA1!@#$%^&*()_+|~` ${x}  "]
)
def test_any_character_can_be_typed(sandbox, attempts, password):
    sandbox.configure(password=password)

    assert has_auth(sandbox.browser_login().sign_in(attempts))


def test_the_older_layout_still_works(sandbox, attempts):
    sandbox.fault("naver_login", "old_layout")

    assert has_auth(sandbox.browser_login().sign_in(attempts))


@pytest.mark.parametrize(
    ("kind", "operation", "error", "tried"),
    [
        pytest.param("wrong_password", "login", LoginRejected, 1, id="wrong password"),
        pytest.param("captcha", "login", CaptchaRequired, 1, id="captcha"),
        pytest.param(
            "new_device", "login", NewDeviceRequired, 1, id="new device", marks=pytest.mark.long
        ),
        pytest.param(
            "two_step", "login", NewDeviceRequired, 1, id="two-step", marks=pytest.mark.long
        ),
        pytest.param("locked", "login", AccountLocked, 1, id="locked", marks=pytest.mark.long),
        pytest.param(
            "unknown", "login", LoginLayoutChanged, 1, id="nothing known", marks=pytest.mark.long
        ),
        pytest.param("layout_changed", "page", LoginLayoutChanged, 0, id="another layout"),
        pytest.param(
            "http_500", "page", LoginUnavailable, 0, id="the form fails", marks=pytest.mark.long
        ),
        pytest.param(
            "http_500", "login", LoginUnavailable, 1, id="the answer fails", marks=pytest.mark.long
        ),
    ],
)
def test_every_wall_has_its_own_name(sandbox, attempts, kind, operation, error, tried):
    sandbox.fault("naver_login", kind, operation=operation)
    credentials = sandbox.credentials

    with pytest.raises(error) as caught:
        sandbox.browser_login().sign_in(attempts)

    assert attempts.count == tried
    assert credentials.password not in str(caught.value)
    assert credentials.username not in str(caught.value)


def test_a_really_wrong_password_is_tried_once_until_a_person_resets(sandbox, make_reader):
    login = sandbox.browser_login()
    sandbox.configure(password="changed at the portal")
    reader = make_reader(login=login)

    for _ in range(3):
        with pytest.raises(LoginRejected):
            reader.session.ensure_valid()

    assert sandbox.account["failures"] == 1
    assert reader.store.record.state == "BAD_CREDENTIALS"
    assert reader.blocked == ["BAD_CREDENTIALS"]


@pytest.mark.long
def test_a_captcha_that_comes_with_a_wrong_password_is_a_captcha(sandbox, attempts):
    sandbox.configure(captcha_after_failures=1)
    login = sandbox.browser_login()
    sandbox.configure(password="changed at the portal")

    with pytest.raises(CaptchaRequired):
        login.sign_in(attempts)


def test_a_page_that_hangs_does_not_hang_us(sandbox, attempts):
    sandbox.fault("naver_login", "hang", operation="page", params={"seconds": 30})

    with pytest.raises(LoginUnavailable, match="timeout"):
        sandbox.browser_login(page_load_timeout_s=2.0).sign_in(attempts)

    assert attempts.count == 0


@pytest.mark.long
def test_a_login_site_that_cannot_be_reached_needs_nobody(sandbox, attempts):
    nowhere = NaverAddresses("http://127.0.0.1:9", sandbox.addresses.booking_url)
    login = NaverLogin(nowhere, sandbox.credentials, first_store=STORES[0])

    with pytest.raises(LoginUnavailable):
        login.sign_in(attempts)

    assert attempts.count == 0


class DeadEnd(BaseHTTPRequestHandler):
    """A login form that posts to where nobody listens."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(
            b'<form method="post" action="http://127.0.0.1:9/nidlogin.login">'
            b'<input id="id"><input id="pw"><button id="log.login">go</button></form>'
        )

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.mark.long
def test_a_network_that_dies_after_the_password_needs_nobody(sandbox, attempts):
    with ThreadingHTTPServer(("127.0.0.1", 0), DeadEnd) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here = f"http://127.0.0.1:{server.server_port}"
        login = NaverLogin(
            NaverAddresses(here, sandbox.addresses.booking_url),
            sandbox.credentials,
            first_store=STORES[0],
            browser=BrowserConfig(loopback_only=True, answer_wait_s=3),
        )

        with pytest.raises(LoginUnavailable):
            login.sign_in(attempts)
        server.shutdown()

    assert attempts.count == 1


def kill_our_browser() -> None:
    for process in psutil.Process().children(recursive=True):
        if process.name().startswith("chromium"):
            process.kill()


def crashing(attempts: Attempts, times: int) -> Callable[[], None]:
    def before_attempt() -> None:
        attempts()
        if attempts.count <= times:
            kill_our_browser()

    return before_attempt


def test_a_browser_that_dies_is_restarted_once(sandbox, attempts):
    cookies = sandbox.browser_login().sign_in(crashing(attempts, times=1))

    assert has_auth(cookies)
    assert attempts.count == 2


@pytest.mark.long
def test_a_browser_that_dies_again_is_given_up(sandbox, attempts):
    with pytest.raises(BrowserCrashed):
        sandbox.browser_login().sign_in(crashing(attempts, times=9))

    assert attempts.count == 2


@pytest.mark.long
def test_crashes_spend_the_budget_of_the_account(sandbox: NaverSandbox, make_reader):
    class CrashingLogin:
        def sign_in(self, before_attempt):
            def count_and_die() -> None:
                before_attempt()
                kill_our_browser()

            return sandbox.browser_login().sign_in(count_and_die)

    reader = make_reader(login=CrashingLogin())

    with pytest.raises(BrowserCrashed):
        reader.session.ensure_valid()
    for _ in range(2):
        with pytest.raises(LoginBudgetSpent):
            reader.session.ensure_valid()

    assert reader.store.record.failed_attempts == 3
    assert reader.blocked == ["BUDGET_SPENT"]


@pytest.mark.long
def test_a_browser_that_does_not_start(sandbox, attempts):
    login = sandbox.browser_login(driver="/bin/false")

    with pytest.raises(BrowserCrashed, match="did not start"):
        login.sign_in(attempts)


def test_what_a_test_raises_inside_leaves_nothing_either(sandbox):
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sandbox.browser_login().sign_in(stop)


def test_debug_logs_hold_no_password(sandbox, attempts, caplog):
    caplog.set_level("DEBUG")
    credentials = sandbox.credentials

    cookies = sandbox.browser_login().sign_in(attempts)

    secrets = [credentials.password, *(str(cookie["value"]) for cookie in cookies)]
    assert not [secret for secret in secrets if secret in caplog.text]


def test_the_browser_sees_none_of_our_secrets(sandbox, attempts, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_SECRET", "canary")
    seen: list[set[str]] = []

    def look() -> None:
        children = psutil.Process().children(recursive=True)
        seen.append({k for c in children if c.name().startswith("chrom") for k in c.environ()})

    sandbox.browser_login().sign_in(look)

    assert seen[0]
    assert "AIRFLOW_CONN_SECRET" not in seen[0]
