"""Clients of the services that monitoring lives in, for the account of the AWS connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from booking_sms.config.connections import AwsConnection, is_loopback_url
from booking_sms.domain.errors import ConnectionInvalid, StoreUnavailable

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_s3 import S3Client
    from types_boto3_sns import SNSClient


@dataclass(frozen=True, kw_only=True)
class Clients:
    """One client for each service. ``account`` and ``region`` are where they speak to."""

    cloudwatch: CloudWatchClient
    logs: CloudWatchLogsClient
    sns: SNSClient
    dynamodb: DynamoDBClient
    s3: S3Client
    cloudformation: Any
    account: str
    region: str


def make_clients(aws: AwsConnection) -> Clients:
    """Build them and ask whose account it is; botocore's errors are the caller's."""
    from booking_sms.transport.aws_session import make_session

    session = make_session(
        region=aws.region, access_key_id=aws.access_key, secret_access_key=aws.secret_key
    )
    endpoint = aws.endpoint_url
    return Clients(
        cloudwatch=session.client("cloudwatch", endpoint_url=endpoint),
        logs=session.client("logs", endpoint_url=endpoint),
        sns=session.client("sns", endpoint_url=endpoint),
        dynamodb=session.client(
            "dynamodb", endpoint_url=aws.dynamodb_endpoint_url or aws.endpoint_url
        ),
        s3=session.client("s3", endpoint_url=endpoint),
        cloudformation=session.client("cloudformation", endpoint_url=endpoint),
        account=session.client("sts", endpoint_url=endpoint).get_caller_identity()["Account"],
        region=aws.region,
    )


@contextmanager
def aws_errors() -> Iterator[None]:
    """ConnectionInvalid for what AWS refuses, StoreUnavailable for what may be tried again."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "Unknown"))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if status >= 500 or "Throttl" in code:
            raise StoreUnavailable(service="monitoring", aws_code=code) from error
        raise ConnectionInvalid(
            f"AWS refused {error.operation_name}: {code}", service="monitoring", aws_code=code
        ) from error
    except BotoCoreError as error:
        raise StoreUnavailable(service="monitoring", reason=type(error).__name__) from error


def is_stand_in(aws: AwsConnection) -> bool:
    """Whether it is a server on this machine that stands in for AWS."""
    return aws.endpoint_url is not None and is_loopback_url(aws.endpoint_url)
