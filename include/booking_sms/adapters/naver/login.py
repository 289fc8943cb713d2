"""Signs in with a real browser and hands back the cookies. Selenium is loaded only then."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from booking_sms.adapters.naver.addresses import NaverAddresses
from booking_sms.adapters.naver.cookies import Cookies
from booking_sms.adapters.naver.login_settings import BrowserConfig, Credentials
from booking_sms.domain.errors import BrowserCrashed, LoginUnavailable

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

_KEPT_FIELDS = ("name", "value", "domain", "path", "secure", "httpOnly")
_NETWORK_ERROR = re.compile(r"net::(ERR_\w+)")


class NaverLogin:
    """One login per call, with one restart of the browser after a crash.

    :param first_store: whose booking page is visited afterwards; the partner site then adds
        cookies of its own, without which its API has answered 401 right after a login.
    """

    def __init__(
        self,
        addresses: NaverAddresses,
        credentials: Credentials,
        *,
        first_store: str,
        browser: BrowserConfig | None = None,
    ) -> None:
        self._addresses = addresses
        self._credentials = credentials
        self._first_store = first_store
        self._browser = browser or BrowserConfig(loopback_only=addresses.is_loopback)

    def sign_in(self, before_attempt: Callable[[], None]) -> Cookies:
        """Cookies of a fresh login.

        ``before_attempt`` is called before each time the password is sent, also after a
        restart; what it raises stops the login. Raises SessionNeedsPerson subclasses,
        LoginUnavailable, or BrowserCrashed after a second crash.
        """
        try:
            return self._attempt(before_attempt)
        except BrowserCrashed:
            return self._attempt(before_attempt)

    def _attempt(self, before_attempt: Callable[[], None]) -> Cookies:
        from booking_sms.adapters.naver import browser

        try:
            with browser.open_browser(self._browser) as driver:
                return self._sign_in(driver, before_attempt)
        except browser.CRASHES as error:
            _raise_as_ours(error)

    def _sign_in(self, driver: WebDriver, before_attempt: Callable[[], None]) -> Cookies:
        from booking_sms.adapters.naver.login_page import LoginPage

        page = LoginPage(
            driver,
            self._addresses,
            form_wait_s=self._browser.form_wait_s,
            answer_wait_s=self._browser.answer_wait_s,
        )
        page.open()
        before_attempt()
        page.submit(self._credentials)
        page.await_success()
        return self._collect(driver)

    def _collect(self, driver: WebDriver) -> Cookies:
        """All cookies of both sites; a partner site that does not answer costs nothing."""
        from booking_sms.adapters.naver.browser import CRASHES

        cookies = self._read_cookies(driver)
        with contextlib.suppress(*CRASHES):
            driver.get(self._addresses.booking_list_page(self._first_store))
            cookies = self._read_cookies(driver)
        return cookies

    def _read_cookies(self, driver: WebDriver) -> Cookies:
        """Cookies of every domain, through the browser's own protocol, in a stable order."""
        answer = driver.execute("executeCdpCommand", {"cmd": "Network.getAllCookies", "params": {}})
        found = [_to_cookie(item) for item in answer["value"]["cookies"]]
        ours = [cookie for cookie in found if self._is_ours(cookie["domain"])]
        return tuple(sorted(ours, key=lambda c: (c["domain"], c["path"], c["name"])))

    def _is_ours(self, domain: str) -> bool:
        suffix = domain.lstrip(".")
        return any(h == suffix or h.endswith(f".{suffix}") for h in self._addresses.hosts)


def _to_cookie(item: Mapping[str, Any]) -> dict[str, Any]:
    """A cookie as Selenium writes it; no expiry for one that ends with the browser."""
    cookie = {name: item[name] for name in _KEPT_FIELDS}
    expires = item.get("expires", -1)
    return cookie if expires <= 0 else {**cookie, "expiry": int(expires)}


def _raise_as_ours(error: Exception) -> NoReturn:
    """Slow or unreachable is the site's fault, the rest the browser's. No page text leaves."""
    from selenium.common.exceptions import TimeoutException
    from urllib3.exceptions import ReadTimeoutError

    if isinstance(error, TimeoutException | ReadTimeoutError):
        raise LoginUnavailable(reason="timeout") from None
    if network := _NETWORK_ERROR.search(str(error)):
        raise LoginUnavailable(reason=network[1]) from None
    raise BrowserCrashed(error=type(error).__name__) from None
