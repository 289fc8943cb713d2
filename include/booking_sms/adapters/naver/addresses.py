"""Where Naver lives: built from the two configured base URLs, on any scheme, host, port, path."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

_LOGIN_MARK = "nidlogin"


@dataclass(frozen=True)
class NaverAddresses:
    """Base URLs of the login site and the partner booking site, with or without a path prefix."""

    login_url: str
    booking_url: str

    def login_page(self) -> str:
        """The login form; after it, Naver goes to the partner site."""
        query = urlencode({"mode": "form", "url": f"{self.booking_url.rstrip('/')}/"})
        return f"{self.login_url.rstrip('/')}/nidlogin.login?{query}"

    def booking_list_page(self, store_id: str) -> str:
        """A store's own page of bookings: visiting it brings the partner site's own cookies."""
        store = quote(store_id, safe="")
        return f"{self.booking_url.rstrip('/')}/bizes/{store}/booking-list-view"

    def is_login(self, url: str) -> bool:
        """Whether an address belongs to the login site: its host (and prefix), or its form."""
        if _LOGIN_MARK in urlsplit(url).path:
            return True
        return _closeness(url, self.login_url) > _closeness(url, self.booking_url)

    def is_booking(self, url: str) -> bool:
        """Whether an address belongs to the partner booking site."""
        return _closeness(url, self.booking_url) > 0 and not self.is_login(url)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Both host names, for judging whose cookies are worth keeping."""
        return tuple(urlsplit(url).hostname or "" for url in (self.login_url, self.booking_url))

    @property
    def is_loopback(self) -> bool:
        """Whether both sites are on this machine (a simulated Naver)."""
        return all(is_loopback_host(host) for host in self.hosts)


def is_loopback_host(host: str) -> bool:
    """Whether a host name means this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _closeness(url: str, base: str) -> int:
    """0 when ``url`` is not below ``base``, else more for a longer common path."""
    found, wanted = urlsplit(url), urlsplit(base)
    prefix = wanted.path.rstrip("/")
    below = found.path == prefix or found.path.startswith(f"{prefix}/")
    return 1 + len(prefix) if found.netloc == wanted.netloc and below else 0
