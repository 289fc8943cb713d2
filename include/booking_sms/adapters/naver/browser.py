"""A Chromium that leaves nothing behind: no process, no profile, no log.

The browser and the driver that the machine has are used; nothing is downloaded. Selenium's debug
log holds every typed character, so it is switched off here, where typing happens.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from subprocess import DEVNULL

import psutil
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.remote_connection import ChromeRemoteConnection
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.webdriver import WebDriver
from urllib3.exceptions import HTTPError

from booking_sms.adapters.naver.login_settings import BrowserConfig
from booking_sms.domain.errors import BrowserCrashed, SettingsInvalid
from booking_sms.telemetry.call_meter import CallMeter

CRASHES = (WebDriverException, HTTPError, OSError)
"""What a dying browser or driver raises, whatever was asked of it."""

_BINARIES = ("chromium", "chromium-browser", "google-chrome")
_DRIVERS = ("chromedriver",)
_ARGUMENTS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--window-size=1280,1696",
    "--lang=ko-KR",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-features=OptimizationHints,MediaRouter,Translate",
    "--disable-sync",
    "--log-level=3",
    "--password-store=basic",
)
_LOOPBACK_ARGUMENTS = (
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
    "--no-proxy-server",
)
_KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "FONTCONFIG_PATH")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy")
_START_TIMEOUT_S = 60
_GRACE_S = 5
_KILL_WAIT_S = 5.0
_KILL_POLL_S = 0.02
_LOOK_EVERY_S = 0.5
_MEGABYTE = 1024 * 1024


@contextlib.contextmanager
def open_browser(config: BrowserConfig) -> Iterator[WebDriver]:
    """A fresh browser with an empty profile; gone without a trace when the block ends.

    Raises SettingsInvalid when the machine has none, BrowserCrashed when it does not start.
    """
    binary, driver_path = find_browser(config)
    _silence_logs()
    profile = Path(tempfile.mkdtemp(prefix="booking-sms-chromium-"))
    service = Service(driver_path, log_output=DEVNULL, env=_environment(profile))
    begun = time.perf_counter()
    try:
        with _started(config, binary, profile, service) as driver:
            start_ms = (time.perf_counter() - begun) * 1000
            with _memory_watched(service, config.meter, start_ms):
                yield driver
    finally:
        _kill_all(_processes_of(service, profile))
        _reap(service)
        shutil.rmtree(profile, ignore_errors=True)


def find_browser(config: BrowserConfig) -> tuple[str, str]:
    """Paths of browser and driver; SettingsInvalid names the setting of what is missing."""
    return (
        _find("BOOKING_SMS_CHROME_BINARY", config.binary, _BINARIES),
        _find("BOOKING_SMS_CHROMEDRIVER", config.driver, _DRIVERS),
    )


def _find(setting: str, chosen: str, names: Iterable[str]) -> str:
    for name in [chosen] if chosen else names:
        if path := shutil.which(name):
            return path
    raise SettingsInvalid(f"{setting}: no {chosen or ' or '.join(names)} on this machine")


def _silence_logs() -> None:
    for name in ("selenium", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _environment(profile: Path) -> dict[str, str]:
    """Only what a browser needs, none of our secrets; all its folders are the profile's."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT_ENVIRONMENT or name.lower() in _PROXIES
    }
    folder = str(profile)
    homes = ("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")
    return kept | dict.fromkeys(homes, folder)


def _options(config: BrowserConfig, binary: str, profile: Path) -> Options:
    options = Options()
    options.binary_location = binary
    options.page_load_strategy = "eager"
    options.unhandled_prompt_behavior = "dismiss"
    for argument in (*_ARGUMENTS, f"--user-data-dir={profile / 'profile'}"):
        options.add_argument(argument)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium refuses to run as root with it
    for argument in _LOOPBACK_ARGUMENTS if config.loopback_only else ():
        options.add_argument(argument)
    return options


@contextlib.contextmanager
def _started(
    config: BrowserConfig, binary: str, profile: Path, service: Service
) -> Iterator[WebDriver]:
    """Start driver and browser; BrowserCrashed when either does not come up.

    The driver's own page-load timeout is not always kept (one hanging page in three), so the
    connection to the driver has one as well, a little longer. Nothing is asked twice.
    """
    try:
        service.start()
        client = ClientConfig(
            service.service_url,
            timeout=_START_TIMEOUT_S,
            init_args_for_pool_manager={"init_args_for_pool_manager": {"retries": False}},
        )
        connection = ChromeRemoteConnection(service.service_url, client_config=client)
        driver = WebDriver(connection, options=_options(config, binary, profile))
        driver.set_page_load_timeout(config.page_load_timeout_s)
        driver.set_script_timeout(config.script_timeout_s)
    except CRASHES as error:
        raise BrowserCrashed(reason="did not start", error=type(error).__name__) from None
    client.timeout = int(config.page_load_timeout_s) + _GRACE_S
    try:
        yield driver
    finally:
        connection.close()  # type: ignore[no-untyped-call]


def _processes_of(service: Service, profile: Path) -> list[psutil.Process]:
    """The driver, its descendants, and whatever else names our own profile folder.

    Chromium's crash handler leaves the driver's family tree; the folder's name is ours alone.
    """
    found: dict[int, psutil.Process] = {}
    with contextlib.suppress(psutil.NoSuchProcess, AttributeError):
        driver = psutil.Process(service.process.pid)
        found = {process.pid: process for process in driver.children(recursive=True)}
        found[driver.pid] = driver
    for process in psutil.process_iter(["cmdline"]):
        if any(str(profile) in part for part in process.info["cmdline"] or ()):
            found[process.pid] = process
    return list(found.values())


@contextlib.contextmanager
def _memory_watched(service: Service, meter: CallMeter, start_ms: float) -> Iterator[None]:
    """Note the most memory that driver and browser held together while the block ran."""
    ended, seen = threading.Event(), [0.0]

    def look() -> None:
        with contextlib.suppress(psutil.Error, AttributeError):
            seen.append(_memory_mb(psutil.Process(service.process.pid)))

    def watch() -> None:
        while not ended.wait(_LOOK_EVERY_S):
            look()

    watching = threading.Thread(target=watch, name="browser-memory", daemon=True)
    watching.start()
    try:
        yield
    finally:
        ended.set()
        watching.join(_KILL_WAIT_S)
        look()  # the last page is open still
        meter.note_browser(start_ms=start_ms, memory_mb=max(seen))


def _memory_mb(driver: psutil.Process) -> float:
    """Proportional memory of a process and its descendants: shared pages count once."""
    total = 0
    for process in (driver, *driver.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            total += process.memory_full_info().pss
    return total / _MEGABYTE


def _kill_all(processes: list[psutil.Process]) -> None:
    """Kill, and wait until nothing runs. Dead children of others wait for init, not we."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    until = time.monotonic() + _KILL_WAIT_S
    while not all(map(_is_dead, processes)) and time.monotonic() < until:
        time.sleep(_KILL_POLL_S)


def _is_dead(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _reap(service: Service) -> None:
    """Collect the dead driver, so that Selenium does not go looking for it."""
    with contextlib.suppress(AttributeError):
        if service.process.stdin:
            service.process.stdin.close()
        service.process.wait(_KILL_WAIT_S)
