"""Cookies as the browser gave them, with domain and path, for an HTTP client.

LEGACY copied names and values only and sent every cookie everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http.cookiejar import Cookie, CookieJar
from typing import Any

Cookies = tuple[Mapping[str, Any], ...]

AUTH_COOKIES = frozenset({"NID_AUT", "NID_SES"})


def has_auth(cookies: Iterable[Mapping[str, Any]]) -> bool:
    """Whether both login cookies are there. Present is not valid: only a probe tells."""
    return {cookie.get("name") for cookie in cookies} >= AUTH_COOKIES


def build_jar(cookies: Iterable[Mapping[str, Any]]) -> CookieJar:
    """A cookie jar that keeps each cookie to its domain, path and scheme."""
    jar = CookieJar()
    for cookie in cookies:
        if cookie.get("name") and cookie.get("domain"):
            jar.set_cookie(_build_cookie(cookie))
    return jar


def _build_cookie(cookie: Mapping[str, Any]) -> Cookie:
    domain, expiry = _known_domain(str(cookie["domain"])), cookie.get("expiry")
    return Cookie(
        version=0,
        name=str(cookie["name"]),
        value=str(cookie.get("value") or ""),
        port=None,
        port_specified=False,
        domain=domain,
        domain_specified=domain.startswith("."),
        domain_initial_dot=domain.startswith("."),
        path=str(cookie.get("path") or "/"),
        path_specified=True,
        secure=bool(cookie.get("secure")),
        expires=None if expiry is None else int(expiry),
        discard=expiry is None,
        comment=None,
        comment_url=None,
        rest={},
    )


def _known_domain(domain: str) -> str:
    """http.cookiejar calls a host without a dot ``localhost.local``, as RFC 2965 does."""
    return domain if "." in domain else f"{domain}.local"
