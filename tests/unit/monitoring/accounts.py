"""Clients of an account that moto keeps in this process."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from botocore.validate import validate_parameters

from booking_sms.config.connections import AwsConnection
from booking_sms.monitoring.clients import Clients, make_clients

AWS = AwsConnection(
    region="ap-northeast-2",
    access_key="test",
    secret_key="test",
    endpoint_url=None,
    dynamodb_endpoint_url=None,
)


def make_account() -> Clients:
    """Must be called inside ``mock_aws``."""
    clients = make_clients(AWS)
    return replace(clients, logs=LogsWithQueries(clients.logs))


class LogsWithQueries:
    """CloudWatch Logs with the saved queries that moto does not have; one a page, and botocore's
    own description of the service checks the arguments.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self.definitions: dict[str, dict[str, Any]] = {}

    def put_query_definition(self, **given: Any) -> dict[str, str]:
        self._validate("PutQueryDefinition", given)
        key = given.pop("queryDefinitionId", f"id-{len(self.definitions) + 1}")
        self.definitions[key] = {**given, "queryDefinitionId": key}
        return {"queryDefinitionId": key}

    def describe_query_definitions(self, **given: Any) -> dict[str, Any]:
        self._validate("DescribeQueryDefinitions", given)
        prefix = given.get("queryDefinitionNamePrefix", "")
        found = [one for one in self.definitions.values() if one["name"].startswith(prefix)]
        place = int(given.get("nextToken", "0"))
        more = {"nextToken": str(place + 1)} if place + 1 < len(found) else {}
        return {"queryDefinitions": found[place : place + 1], **more}

    def _validate(self, operation: str, given: dict[str, Any]) -> None:
        model = self._client.meta.service_model.operation_model(operation)
        validate_parameters(given, model.input_shape)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)
