"""``aws`` as it is typed, understood by the services' own models and answered by the stand-ins.

The command line itself is not installed with the project; its words are the API's: an operation
in kebab case, each parameter an option, a list as several words, a structure as JSON.
"""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

import boto3
from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import OperationModel, Shape

from .world import Done, Installation


def typed(words: list[str], chain: Installation) -> Done:
    """Run one command; exit 254 is an answer that is an error, 252 a command that cannot be."""
    service, operation, *options = words
    try:
        client = _client(service, chain)
        model = _operation(client, operation)
        asked = _parameters(model, options)
    except (KeyError, ValueError, BotoCoreError) as error:
        return Done(252, "", f"no such command: {error!r}")
    if "TableName" in asked:
        asked["TableName"] = chain.prefix + asked["TableName"]
    try:
        answer = getattr(client, xform_name(model.name))(**asked)
    except ClientError as error:
        return Done(254, "", str(error))
    return Done(0, json.dumps(answer, default=str), "")


def _client(service: str, chain: Installation) -> Any:
    connection = json.loads(chain.environ["AIRFLOW_CONN_AWS_DEFAULT"])
    urls = chain.world.urls
    return boto3.client(
        service,  # type: ignore[call-overload]
        region_name=connection["extra"]["region_name"],
        endpoint_url=urls["dynamodb" if service == "dynamodb" else "moto"],
        aws_access_key_id=connection["login"],
        aws_secret_access_key=connection["password"],
    )


def _operation(client: Any, words: str) -> OperationModel:
    model = client.meta.service_model
    names = {xform_name(name, "-"): name for name in model.operation_names}
    return model.operation_model(names[words])


def _parameters(model: OperationModel, options: list[str]) -> dict[str, Any]:
    members = model.input_shape.members if model.input_shape else {}
    names = {f"--{xform_name(name, '-')}": name for name in members}
    asked: dict[str, Any] = {}
    name = ""
    for is_option, group in groupby(options, lambda word: word.startswith("--")):
        given = list(group)
        if is_option:
            name = names[given[-1]]
        else:
            asked[name] = _value(members[name], given)
    return asked


def _value(shape: Shape, words: list[str]) -> Any:
    if shape.type_name == "list":
        return words
    if len(words) != 1:
        raise ValueError(f"{shape.name} takes one value, not {words}")
    if shape.type_name in ("structure", "map"):
        return json.loads(words[0])
    return int(words[0]) if shape.type_name in ("integer", "long") else words[0]
