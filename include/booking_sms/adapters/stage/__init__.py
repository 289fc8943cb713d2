"""Where staged payloads lie: a folder by default, a bucket by URL."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from booking_sms.adapters.stage.local import FilePayloadStage
from booking_sms.domain.errors import SettingsInvalid

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from booking_sms.adapters.stage.bucket import S3PayloadStage


def open_payload_stage(
    url: str, s3_client: Callable[[], S3Client]
) -> FilePayloadStage | S3PayloadStage:
    """The stage behind ``file:///folder`` or ``s3://bucket/prefix``; no I/O yet.

    ``s3_client`` is called for a bucket only. SettingsInvalid for any other scheme.
    """
    scheme = urlsplit(url).scheme
    if scheme == "file":
        return FilePayloadStage(url)
    if scheme == "s3":
        from booking_sms.adapters.stage.bucket import S3PayloadStage

        return S3PayloadStage(url, s3_client())
    raise SettingsInvalid("BOOKING_SMS_STAGE_URL must begin with file:// or s3://")
