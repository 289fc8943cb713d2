"""The stand-in over the wire: the sandbox's booking API by HTTP, the real table by DynamoDB's.

It reads as the predecessor did: a count, then pages of fifty, one status a call. Writes are put at
the pace that is asked for, one after the other, so that somebody who reads meanwhile sees half.
"""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

import httpx

from sandbox.legacy.reading import LONGEST, Payload, Span
from sandbox.legacy.run import Text
from sandbox.legacy.table import Key, Row
from sandbox.sens.signature import (
    ACCESS_KEY_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    sign,
)

PAGE_SIZE = 50
TIMEOUT_S = 10.0
COMMON: dict[str, str] = {
    "bizItemTypes": "STANDARD",
    "dateDropdownType": "ENTIRE",
    "dateFilter": "USEDATE",
    "maxDays": "31",
    "nPayChargedStatusCodes": "",
    "orderBy": "",
    "paymentStatusCodes": "",
    "searchValue": "",
    "orderByStartDate": "ASC",
}


class BookingApi:
    """Lists of one store, with the cookies of a session that somebody else opened."""

    def __init__(self, base_url: str, cookies: Mapping[str, str]) -> None:
        self._client = httpx.Client(base_url=base_url, cookies=dict(cookies), timeout=TIMEOUT_S)

    def listed(self, store: str, status: str, span: Span | None) -> list[Payload]:
        """All bookings of a status; a range beyond 31 days is asked for in pieces."""
        if span is None:
            return self._pages(store, status, {})
        found: dict[int, Payload] = {}
        for piece in _pieces(span):
            ends = {"startDateTime": _zulu(piece.start), "endDateTime": _zulu(piece.end)}
            found |= {one["bookingId"]: one for one in self._pages(store, status, ends)}
        return list(found.values())

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _pages(self, store: str, status: str, extra: dict[str, str]) -> list[Payload]:
        query = {**COMMON, **extra, "bookingStatusCodes": status, "size": str(PAGE_SIZE)}
        answer = self._ask(f"/v3.1/businesses/{store}/bookings/count", {**query, "page": "0"})
        pages = ceil(answer["count"] / PAGE_SIZE)
        url = f"/api/businesses/{store}/bookings"
        return [
            one for page in range(pages) for one in self._ask(url, {**query, "page": str(page)})
        ]

    def _ask(self, path: str, query: dict[str, str]) -> Any:
        query["noCache"] = str(int(time.time() * 1000))
        answer = self._client.get(path, params=query, headers={"x-booking-naver-role": "OWNER"})
        answer.raise_for_status()
        return answer.json()


class TextGateway:
    """The sandbox's SENS, as the predecessor called it: one signed request a text, once.

    Signed with real time, in which SENS lives whatever the world's clock says.
    """

    def __init__(self, base_url: str, account: Mapping[str, Any]) -> None:
        self._client = httpx.Client(base_url=base_url, timeout=TIMEOUT_S, trust_env=False)
        self._account = account

    def send(self, text: Text) -> bool:
        """Whether the gateway took it; the predecessor went on either way."""
        body = {
            "type": "LMS",
            "contentType": "COMM",
            "countryCode": "82",
            "from": self._account["senders"][0],
            "subject": "",
            "content": text.content,
            "messages": [{"to": text.to}],
        }
        path = f"/sms/v2/services/{self._account['service_id']}/messages"
        request = self._client.build_request("POST", path, content=json.dumps(body))
        request.headers.update(self._signed(request.url.raw_path))
        return self._client.send(request).is_success

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _signed(self, target: bytes) -> dict[str, str]:
        key, secret = self._account["access_key"], self._account["secret_key"]
        timestamp = str(int(time.time() * 1000))
        return {
            "Content-Type": "application/json; charset=utf-8",
            TIMESTAMP_HEADER: timestamp,
            ACCESS_KEY_HEADER: key,
            SIGNATURE_HEADER: sign("POST", target, timestamp, key, secret),
        }


class DynamoDbTable:
    """The ``sms`` table by boto3; ``pause_s`` lies before every write."""

    def __init__(self, client: Any, name: str, pause_s: float = 0.0) -> None:
        self._table, self._pause_s = client.Table(name), pause_s

    def get(self, key: Key) -> Row | None:
        """One row, or None."""
        found = self._table.get_item(Key=_key(key)).get("Item")
        return dict(found) if found else None

    def put(self, row: Row) -> None:
        """Write a whole row, over any other."""
        time.sleep(self._pause_s)
        self._table.put_item(Item=row)

    def set_flag(self, key: Key, flag: str) -> None:
        """Set one flag."""
        time.sleep(self._pause_s)
        self._table.update_item(
            Key=_key(key),
            UpdateExpression="SET #flag = :true",
            ExpressionAttributeNames={"#flag": flag},
            ExpressionAttributeValues={":true": True},
        )

    def pages(self) -> list[list[Row]]:
        """All rows, page by page of the scan."""
        return list(self._scan())

    def _scan(self) -> Iterator[list[Row]]:
        start: dict[str, Any] = {}
        while True:
            page = self._table.scan(**start)
            yield [dict(item) for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def _key(key: Key) -> dict[str, str]:
    return {"booking_num": key[0], "phone": key[1]}


def _pieces(span: Span) -> list[Span]:
    pieces, start = [], span.start
    while start < span.end:
        end = min(start + LONGEST - timedelta(seconds=1), span.end)
        pieces.append(Span(start, end))
        start = end
    return pieces


def _zulu(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
