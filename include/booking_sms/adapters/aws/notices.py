"""An SNS topic: where the alarms go, and our own notices beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from booking_sms.domain.errors import AlertFailed
from booking_sms.transport.aws_session import make_session

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient

THROTTLED = frozenset({"Throttled", "ThrottledException", "Throttling", "ThrottlingException"})


def make_sns_client(
    *,
    region: str,
    endpoint_url: str | None = None,
    access_key_id: str | None = None,
    secret_access_key: str | None = None,
    timeout_s: float = 5.0,
    attempts: int = 3,
) -> SNSClient:
    """Build a client; without keys, AWS's own chain of credentials applies."""
    session = make_session(
        region=region, access_key_id=access_key_id, secret_access_key=secret_access_key
    )
    config = Config(
        connect_timeout=timeout_s,
        read_timeout=timeout_s,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    return session.client("sns", endpoint_url=endpoint_url, config=config)


class SnsTopic:
    """Publishes to one topic. The constructor does no I/O."""

    name = "sns"

    def __init__(self, client: SNSClient, topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def publish(self, subject: str, text: str) -> str:
        """Publish and return the message's id; AlertFailed with AWS's own code."""
        try:
            answer = self._client.publish(TopicArn=self._topic_arn, Subject=subject, Message=text)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "Unknown"))
            raise AlertFailed(
                retry_safe=code in THROTTLED, channel=self.name, reason=code
            ) from None
        except BotoCoreError as error:
            raise AlertFailed(
                retry_safe=True, channel=self.name, reason=type(error).__name__
            ) from None
        return str(answer["MessageId"])
