"""The simulated Naver over real HTTP, and a whole reader wired to it as in production."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import psutil

from booking_sms.adapters.clock import SystemTransportClock
from booking_sms.adapters.naver.addresses import NaverAddresses
from booking_sms.adapters.naver.booking_api import BookingApi, BookingApiConfig
from booking_sms.adapters.naver.cookies import Cookies
from booking_sms.adapters.naver.login import NaverLogin
from booking_sms.adapters.naver.login_settings import BrowserConfig, Credentials
from booking_sms.adapters.naver.session import Login, NaverLoginSession
from booking_sms.adapters.naver.source import NaverBookingSource, build_probe
from booking_sms.domain.window import Window
from booking_sms.testing.sessions import InMemoryLoginLock, InMemorySessionStore

INCLUDE = Path(__file__).resolve().parents[3] / "include"
STORES = tuple(str(900101 + number) for number in range(8))
DEFAULTS = {
    "session_max_calls": None,
    "expired_form": "expired_redirect",
    "captcha_after_failures": 3,
    "lock_after_failures": 8,
    "require_partner_visit": False,
    "page_size_limit": 50,
    "password": 'sandbox "별빛" pass\\word',
}


class NaverSandbox:
    """A running sandbox: its addresses, its controls, and what a test asks of it."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "serve", "--dir", str(folder)],
            env=os.environ | {"PYTHONPATH": str(INCLUDE)},
            stdout=subprocess.DEVNULL,
        )
        ports = _await_ports(folder / "ports.json", self._process)
        self.urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        self.addresses = NaverAddresses(self.urls["naver_login"], self.urls["naver_booking"])
        self._client = httpx.Client(trust_env=False, timeout=30)

    def stop(self) -> None:
        self._client.close()
        self._process.terminate()
        self._process.wait(20)

    def control(self, method: str, path: str, **body: Any) -> Any:
        url = f"{self.urls['control']}/control/{path}"
        answer = self._client.request(method, url, json=body or None)
        assert answer.is_success, answer.text
        return answer.json()

    def reset(self) -> None:
        self.control("POST", "reset")
        self.control("POST", "seed")  # a reset keeps the recipe, which a test may have changed
        self.configure(**DEFAULTS)

    def configure(self, **naver: Any) -> None:
        self.control("PUT", "config", naver=naver)

    def fault(self, service: str, kind: str, **options: Any) -> None:
        self.control("POST", "faults", service=service, kind=kind, **options)

    @property
    def account(self) -> dict[str, Any]:
        return dict(self.control("GET", "naver/account"))

    @property
    def credentials(self) -> Credentials:
        naver = self.control("GET", "config")["naver"]
        return Credentials(username=naver["login_id"], password=naver["password"])

    @property
    def window(self) -> Window:
        return Window(datetime.fromisoformat(self.control("GET", "clock")["now"]))

    def api(self, **options: Any) -> BookingApi:
        config = BookingApiConfig(**{"addresses": self.addresses, **options})
        return BookingApi(config, clock=SystemTransportClock(), sleep=lambda seconds: None)

    def browser_login(self, **options: Any) -> NaverLogin:
        config = BrowserConfig(**{
            "loopback_only": True,
            "form_wait_s": 5,
            "answer_wait_s": 5,
            **options,
        })
        return NaverLogin(self.addresses, self.credentials, first_store=STORES[0], browser=config)


class FormLogin:
    """Posts the login form: for tests of what comes after a login."""

    def __init__(self, sandbox: NaverSandbox) -> None:
        self._sandbox = sandbox

    def sign_in(self, before_attempt: Callable[[], None]) -> Cookies:
        before_attempt()
        credentials = self._sandbox.credentials
        form = {"id": credentials.username, "pw": credentials.password, "url": ""}
        url = f"{self._sandbox.urls['naver_login']}/nidlogin.login"
        with httpx.Client(trust_env=False) as client:
            client.post(url, data=form)
            found = client.cookies.jar
            return tuple(
                {"name": c.name, "value": c.value, "domain": "127.0.0.1", "path": "/"}
                for c in found
            )


class Reader:
    """One process of the pipeline: API, session and source over a shared session store."""

    def __init__(
        self,
        sandbox: NaverSandbox,
        login: Login,
        store: InMemorySessionStore | None = None,
        **api_options: Any,
    ) -> None:
        self.store = store or InMemorySessionStore()
        self.api = sandbox.api(**api_options)
        self.blocked: list[str] = []
        self.session = NaverLoginSession(
            store=self.store,
            probe=build_probe(self.api, STORES),
            login=login,
            lock=InMemoryLoginLock(SystemTransportClock()),
            clock=SystemTransportClock(),
            on_blocked=lambda error: self.blocked.append(error.state),
        )
        self.source = NaverBookingSource(self.api, self.session)

    def close(self) -> None:
        self.api.close()


def browser_processes() -> list[str]:
    """Live browsers and drivers that this test process has started."""
    mine = psutil.Process().children(recursive=True)
    named = [process for process in mine if process.is_running()]
    alive = [p for p in named if p.status() != psutil.STATUS_ZOMBIE]
    return [p.name() for p in alive if p.name().startswith(("chrom", "google-chrome"))]


def _await_ports(file: Path, process: subprocess.Popen[bytes]) -> dict[str, int]:
    for _ in range(600):
        assert process.poll() is None, "the sandbox has died"
        if file.exists():
            return dict(json.loads(file.read_text()))
        time.sleep(0.1)
    raise AssertionError("the sandbox does not start")
