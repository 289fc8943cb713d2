"""One run of the stand-in against a living world: log in, read, write the real table.

The session is kept as item ``1`` of the ``session`` table, where the predecessor kept it, so that
a candidate in comparison mode can borrow it. It sends nothing unless it is given a gateway; then
after the flags, as it did.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from sandbox.legacy.bugs import Bug
from sandbox.legacy.run import Outcome, Run
from sandbox.legacy.wire import TIMEOUT_S, BookingApi, DynamoDbTable
from sandbox.loopback import LOOPBACK
from sandbox.supervisor.environment import ACCOUNT, REGION

NO_TEXTS: Mapping[str, Any] = {"confirm": "", "guide": "", "event": ""}


@dataclass(frozen=True)
class Place:
    """Where a world is: addresses by service, its login, its stores, its tables' prefix."""

    urls: Mapping[str, str]
    login_id: str
    password: str
    stores: list[str]
    table_prefix: str = ""


def live_run(
    place: Place,
    now: datetime,
    bugs: frozenset[Bug],
    pause_s: float = 0.0,
    texts: Mapping[str, Any] = NO_TEXTS,
) -> Outcome:
    """One run at the world's instant; writes go out while it goes on."""
    import boto3  # half a second

    database = boto3.resource(
        "dynamodb",
        endpoint_url=place.urls["dynamodb"],
        region_name=REGION,
        aws_access_key_id=ACCOUNT["login"],
        aws_secret_access_key=ACCOUNT["password"],
    )
    sessions = database.Table(f"{place.table_prefix}session")
    cookies = _open_session(place, sessions)
    table = DynamoDbTable(database, f"{place.table_prefix}sms", pause_s)
    api = BookingApi(place.urls["naver_booking"], cookies)
    try:
        return Run(now, table, api.listed, place.stores, texts, bugs).go()
    finally:
        api.close()


def _open_session(place: Place, sessions: Any) -> dict[str, str]:
    """The cached cookies while the interface takes them, else those of a login; kept."""
    kept = sessions.get_item(Key={"id": "1"}).get("Item")
    cookies = {one["name"]: one["value"] for one in json.loads(kept["cookies"])} if kept else {}
    if cookies and _is_valid(place, cookies):
        return cookies
    cookies = _log_in(place)
    stored = [
        {"name": name, "value": value, "domain": LOOPBACK, "path": "/"}
        for name, value in cookies.items()
    ]
    sessions.put_item(Item={"id": "1", "cookies": json.dumps(stored)})
    return cookies


def _is_valid(place: Place, cookies: dict[str, str]) -> bool:
    url = f"{place.urls['naver_booking']}/v3.1/businesses/{place.stores[0]}/bookings/count"
    query = {"bookingStatusCodes": "RC03"}
    answer = httpx.get(url, params=query, cookies=cookies, timeout=TIMEOUT_S, trust_env=False)
    return answer.status_code == httpx.codes.OK


def _log_in(place: Place) -> dict[str, str]:
    """The form, sent as a browser sends it; then the partner's pages, for the booking cookies."""
    form = {"id": place.login_id, "pw": place.password}
    with httpx.Client(timeout=TIMEOUT_S, trust_env=False) as browser:
        browser.post(f"{place.urls['naver_login']}/nidlogin.login", data=form)
        cookies = {cookie.name: cookie.value or "" for cookie in browser.cookies.jar}
    page = f"{place.urls['naver_booking']}/bizes/{place.stores[0]}/booking-list-view"
    httpx.get(page, cookies=cookies, timeout=TIMEOUT_S, trust_env=False)
    return cookies
