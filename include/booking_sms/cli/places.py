"""Where something went wrong: the connection and the address that an error is about.

Adapters know what happened and not where they were sent; the connections do.
"""

from __future__ import annotations

from booking_sms.config.connections import AWS, NAVER, SENS, AwsConnection, Connections
from booking_sms.domain.errors import (
    BookingApiThrottled,
    BookingApiUnavailable,
    BookingQueryRefused,
    BookingSchemaChanged,
    BookingSmsError,
    BrowserCrashed,
    GatewayListUnavailable,
    LoadError,
    LoginUnavailable,
    SessionExpired,
    SessionNeedsPerson,
    TableMissing,
)

_LOGIN = (LoginUnavailable, SessionNeedsPerson, BrowserCrashed)
_BOOKINGS = (
    BookingApiThrottled,
    BookingApiUnavailable,
    BookingQueryRefused,
    BookingSchemaChanged,
    SessionExpired,
)
_TABLES = (LoadError, TableMissing)
BOOKING_CODES = frozenset(error.__name__ for error in _BOOKINGS)
"""Codes of failed stores that are about the booking host."""


def place_of(error: BookingSmsError, connections: Connections) -> str:
    """``naver_default, http://host:port``; empty for an error that is about no service."""
    if isinstance(error, _LOGIN):
        return login_place(connections)
    if isinstance(error, _BOOKINGS):
        return booking_place(connections)
    if isinstance(error, GatewayListUnavailable):
        return sens_place(connections)
    if error.context.get("service") == "secretsmanager":
        return _aws_place(connections.aws, connections.aws.endpoint_url)
    if isinstance(error, _TABLES) or error.context.get("service") == "dynamodb":
        aws = connections.aws
        return _aws_place(aws, aws.dynamodb_endpoint_url or aws.endpoint_url)
    return ""


def login_place(connections: Connections) -> str:
    """The login host."""
    return f"{NAVER}, {connections.naver.login_url}"


def booking_place(connections: Connections) -> str:
    """The partner booking host."""
    return f"{NAVER}, {connections.naver.booking_url}"


def sens_place(connections: Connections) -> str:
    """SENS."""
    return f"{SENS}, {connections.sens.base_url}"


def _aws_place(aws: AwsConnection, endpoint: str | None) -> str:
    return f"{AWS}, {endpoint or aws.region}"
