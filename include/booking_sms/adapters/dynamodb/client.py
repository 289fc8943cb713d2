"""The DynamoDB client: short timeouts, few attempts, one connection pool for all threads.

A low-level client is safe to share between threads; a boto3 resource is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.config import Config

from booking_sms.transport.aws_session import make_session

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


def make_client(
    *,
    region: str,
    endpoint_url: str | None = None,
    access_key_id: str | None = None,
    secret_access_key: str | None = None,
    connect_timeout_s: float = 2.0,
    read_timeout_s: float = 5.0,
    attempts: int = 3,
    connections: int = 32,
) -> DynamoDBClient:
    """Build a client; without keys, AWS's own chain of credentials applies.

    ``attempts`` counts the first try. A repeated conditional write may meet its own first
    try, whose answer was lost: the repositories read back and recognise it.
    """
    config = Config(
        connect_timeout=connect_timeout_s,
        read_timeout=read_timeout_s,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=connections,
    )
    session = make_session(
        region=region, access_key_id=access_key_id, secret_access_key=secret_access_key
    )
    return session.client("dynamodb", endpoint_url=endpoint_url, config=config)
