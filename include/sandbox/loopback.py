"""The sandbox answers on loopback only."""

import ipaddress
import socket

LOOPBACK = "127.0.0.1"


class NotLoopbackError(ValueError):
    """Someone asked the sandbox to listen where others could reach it."""


def require_loopback(host: str) -> str:
    """Return ``host`` if it is an IPv4 loopback address, else refuse."""
    try:
        loopback = ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise NotLoopbackError(f"the sandbox binds to loopback addresses only, not to {host!r}")
    return host


def bind(host: str, port: int) -> socket.socket:
    """A listening-ready socket on loopback; port 0 takes a free one.

    The protocol is named because asyncio turns Nagle's algorithm off for such sockets alone;
    with it on, every answer of two packets waits 40 ms for the client's delayed acknowledgement.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((require_loopback(host), port))
    except OSError:
        sock.close()
        raise
    return sock


def free_port(host: str = LOOPBACK) -> int:
    """A port that was free a moment ago."""
    with bind(host, 0) as sock:
        return int(sock.getsockname()[1])
