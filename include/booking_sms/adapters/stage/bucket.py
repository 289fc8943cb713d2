"""Staged payloads in a bucket: S3, or what speaks its protocol."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from booking_sms.adapters.stage.encoding import SUFFIX, check_key, pack, unpack
from booking_sms.domain.errors import PayloadConflict, StoreUnavailable

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ObjectTypeDef

_TAKEN = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict"})
_ABSENT = frozenset({"NoSuchKey", "404"})


class S3PayloadStage:
    """ports.PayloadStage below ``s3://bucket/prefix``, encrypted at rest by S3.

    :param client: a boto3 S3 client; the constructor does no I/O.
    """

    def __init__(self, url: str, client: S3Client) -> None:
        parts = urlsplit(url)
        self._bucket = parts.netloc
        self._prefix = "".join(f"{p}/" for p in unquote(parts.path).split("/") if p)
        self._client = client

    def write(self, key: str, document: Any) -> str:
        """Write JSON at a new key; PayloadConflict when the key is taken."""
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=self._object(key),
                Body=pack(document),
                IfNoneMatch="*",
                ServerSideEncryption="AES256",
                ContentType="application/json",
                ContentEncoding="gzip",
            )
        except (ClientError, BotoCoreError) as error:
            if _code(error) in _TAKEN:
                raise PayloadConflict("a staged object is never overwritten", key=key) from None
            raise StoreUnavailable("the payload stage failed", code=_code(error)) from error
        return key

    def read(self, key: str) -> Any:
        """Read JSON; KeyError for an unknown key."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._object(key))
            return unpack(answer["Body"].read())
        except (ClientError, BotoCoreError) as error:
            if _code(error) in _ABSENT:
                raise KeyError(key) from None
            raise StoreUnavailable("the payload stage failed", code=_code(error)) from error

    def list(self, prefix: str) -> tuple[str, ...]:
        """Keys that start with a prefix, sorted."""
        names = (entry["Key"] for entry in self._objects(self._prefix + prefix))
        inner = (name.removeprefix(self._prefix) for name in names)
        return tuple(sorted(n.removesuffix(SUFFIX) for n in inner if n.endswith(SUFFIX)))

    def delete_older_than(self, days: int = 7, *, now: datetime) -> int:
        """Delete objects written more than ``days`` before ``now`` (real time); how many.

        A lifecycle rule of the bucket may do the same; both together do no harm.
        """
        end = now - timedelta(days=days)
        old = [e["Key"] for e in self._objects(self._prefix) if e["LastModified"] < end]
        for name in old:
            self._client.delete_object(Bucket=self._bucket, Key=name)
        return len(old)

    def _object(self, key: str) -> str:
        return f"{self._prefix}{check_key(key)}{SUFFIX}"

    def _objects(self, prefix: str) -> Iterator[ObjectTypeDef]:
        paginator = self._client.get_paginator("list_objects_v2")
        try:
            for page in paginator.paginate(Bucket=self._bucket, Prefix=prefix):
                yield from page.get("Contents", [])
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable("the payload stage failed", code=_code(error)) from error


def _code(error: ClientError | BotoCoreError) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return type(error).__name__
