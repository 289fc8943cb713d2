"""The login page as an object: where its fields are, and what it says after a try.

Judged by visible text and address, on the login site only: the same words inside ordinary pages
have raised false alarms elsewhere. A captcha is looked for first, because its text appears
together with "wrong password". Nothing here hides automation or solves anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from urllib.parse import urlsplit

from selenium.common.exceptions import (
    NoSuchElementException,
    StaleElementReferenceException,
    TimeoutException,
)
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from booking_sms.adapters.naver.addresses import NaverAddresses
from booking_sms.adapters.naver.cookies import has_auth
from booking_sms.adapters.naver.login_settings import Credentials
from booking_sms.domain.errors import (
    AccountLocked,
    CaptchaRequired,
    LoginLayoutChanged,
    LoginRejected,
    LoginUnavailable,
    NewDeviceRequired,
    SessionNeedsPerson,
)

FIELD_ID, FIELD_PASSWORD = "id", "pw"
# Since 2026 two buttons are in the page and the window's width shows one; log.login is older.
BUTTON_IDS = ("loginBtn_row", "loginBtn_column", "log.login")
CAPTCHA_SELECTORS = (
    "#captcha",
    ".captcha_wrap",
    "#ncaptchaSplit",
    "input[name=chptchakey]",
    "input#chptcha",
    "#rcapt",
)
_WRONG = re.compile(
    r"(아이디|비밀번호).{0,60}(잘못|올바르지|일치하지|틀렸|틀린)"
    r"|(id|username|password).{0,60}(wrong|incorrect|invalid|not match)",
    re.IGNORECASE | re.DOTALL,
)
_POLL_S = 0.1
_LOADING = (NoSuchElementException, StaleElementReferenceException)


class LoginVerdict(StrEnum):
    """What a page of the login site says after a try."""

    UNDECIDED = "undecided"  # nothing known on it: still loading, an SSO hop, or a new layout
    CAPTCHA = "captcha"
    NEW_DEVICE = "new_device"
    TWO_STEP = "two_step"
    LOCKED = "locked"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105


_WALLS: dict[LoginVerdict, type[SessionNeedsPerson]] = {
    LoginVerdict.CAPTCHA: CaptchaRequired,
    LoginVerdict.NEW_DEVICE: NewDeviceRequired,
    LoginVerdict.TWO_STEP: NewDeviceRequired,
    LoginVerdict.LOCKED: AccountLocked,
    LoginVerdict.WRONG_PASSWORD: LoginRejected,
}


def classify_login_page(url: str, text: str, *, captcha_visible: bool = False) -> LoginVerdict:
    """What a page of the login site says, by its address and visible text; captcha first."""
    path = urlsplit(url).path
    if captcha_visible or "captcha" in url.lower() or "자동입력 방지" in text:
        return LoginVerdict.CAPTCHA
    if "2단계 인증" in text or path.endswith("/need2"):
        return LoginVerdict.TWO_STEP
    if "/deviceConfirm" in path or ("새로운 기기" in text and "등록" in text):
        return LoginVerdict.NEW_DEVICE
    if "/idRelease" in path or "/idSafetyRelease" in path or "보호조치" in text:
        return LoginVerdict.LOCKED
    if _WRONG.search(text):
        return LoginVerdict.WRONG_PASSWORD
    return LoginVerdict.UNDECIDED


class LoginPage:
    """One login through the form. Every wait has an end.

    :param driver: a fresh browser.
    :param form_wait_s: how long the form may take to appear.
    :param answer_wait_s: how long Naver may take to answer a try.
    """

    def __init__(
        self,
        driver: WebDriver,
        addresses: NaverAddresses,
        *,
        form_wait_s: float = 10.0,
        answer_wait_s: float = 15.0,
    ) -> None:
        self._driver = driver
        self._addresses = addresses
        self._form_wait_s = form_wait_s
        self._answer_wait_s = answer_wait_s

    def open(self) -> None:
        """Open the form and wait for its fields.

        Raises CaptchaRequired or another wall that stands there already, LoginLayoutChanged
        without the fields, LoginUnavailable when the site itself fails.
        """
        self._driver.get(self._addresses.login_page())
        self._raise_if_site_failed()
        try:
            self._wait(self._form_wait_s, lambda: self._find_visible([FIELD_ID]) is not None)
        except TimeoutException:
            self._raise_wall()
            raise LoginLayoutChanged(missing=f"#{FIELD_ID}") from None
        self._raise_wall()

    def submit(self, credentials: Credentials) -> None:
        """Type both fields as a person does and press the one visible button."""
        self._type(FIELD_ID, credentials.username)
        self._type(FIELD_PASSWORD, credentials.password)
        button = self._find_visible(BUTTON_IDS)
        if button is None:
            raise LoginLayoutChanged(missing="the login button")
        button.click()

    def await_success(self) -> None:
        """Wait until the login site is left with both login cookies.

        Raises the wall that stands in the way; LoginLayoutChanged when nothing known appears
        in time (never "wrong password" on a guess); LoginUnavailable when the site fails.
        """
        try:
            self._wait(self._answer_wait_s, self._is_signed_in)
        except TimeoutException:
            self._raise_if_site_failed()
            raise LoginLayoutChanged(
                "the login page shows nothing that we know", path=self._path()
            ) from None

    def _is_signed_in(self) -> bool:
        if self._addresses.is_login(self._driver.current_url):
            self._raise_wall()
            return False
        return has_auth(self._driver.get_cookies())

    def _raise_wall(self) -> None:
        url = self._driver.current_url
        if not self._addresses.is_login(url):
            return
        verdict = classify_login_page(
            url, self._visible_text(), captcha_visible=self._is_captcha_visible()
        )
        if verdict in _WALLS:
            raise _WALLS[verdict](wall=verdict.value)

    def _visible_text(self) -> str:
        """Visible text of the page; ``""`` while it is being replaced."""
        try:
            return self._driver.find_element(By.TAG_NAME, "body").text
        except _LOADING:
            return ""

    def _is_captcha_visible(self) -> bool:
        found = self._driver.find_elements(By.CSS_SELECTOR, ", ".join(CAPTCHA_SELECTORS))
        return any(_is_visible(element) for element in found)

    def _find_visible(self, ids: Iterable[str]) -> WebElement | None:
        found = (element for name in ids for element in self._driver.find_elements(By.ID, name))
        return next((element for element in found if _is_visible(element)), None)

    def _type(self, element_id: str, text: str) -> None:
        element = self._find_visible([element_id])
        if element is None:
            raise LoginLayoutChanged(missing=f"#{element_id}")
        element.clear()
        element.send_keys(text)

    def _raise_if_site_failed(self) -> None:
        """A 5xx or the browser's own error page: no person is needed to wait for its end."""
        protocol, status = self._driver.execute_script(
            "const [page] = performance.getEntriesByType('navigation');"
            "return [location.protocol, page ? page.responseStatus : 0];"
        )
        if protocol == "chrome-error:" or status >= 500:
            raise LoginUnavailable(status=status)

    def _path(self) -> str:
        return urlsplit(self._driver.current_url).path

    def _wait(self, seconds: float, is_done: Callable[[], bool]) -> None:
        WebDriverWait(self._driver, seconds, poll_frequency=_POLL_S).until(lambda _: is_done())


def _is_visible(element: WebElement) -> bool:
    try:
        return element.is_displayed()
    except StaleElementReferenceException:
        return False
