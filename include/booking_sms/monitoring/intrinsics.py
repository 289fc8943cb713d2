"""CloudFormation's YAML: its short tags, and the functions that this project's template uses.

A function that is not known here is an error, so that the template cannot say what ``apply`` and
``drill`` would not see.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml

Node = Any
"""A YAML value, with functions in CloudFormation's long form: ``{"Ref": "Prefix"}``."""
NO_VALUE = object()
_VARIABLE = re.compile(r"\$\{(!?)([A-Za-z0-9:.]+|PROP\([^)]*\))\}")


class TemplateLoader(yaml.SafeLoader):
    """Reads ``!Sub x`` as ``{"Fn::Sub": x}``."""


def _tagged(loader: TemplateLoader, suffix: str, node: yaml.Node) -> Node:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Node = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    raise ValueError(f"!{suffix} with a mapping is not understood")


TemplateLoader.add_multi_constructor("!", _tagged)


def load_document(text: str) -> dict[str, Any]:
    """The template as plain Python, nothing resolved."""
    # TemplateLoader is a SafeLoader: it builds no Python objects.
    document: dict[str, Any] = yaml.load(text, Loader=TemplateLoader)  # noqa: S506
    return document


class Resolver:
    """Puts values in the place of functions, for one account, region and set of parameters."""

    def __init__(
        self,
        document: Mapping[str, Any],
        parameters: Mapping[str, str],
        *,
        region: str,
        account: str,
    ) -> None:
        self.document = document
        self._resources: Mapping[str, Any] = document["Resources"]
        declared: Mapping[str, Any] = document["Parameters"]
        unknown = set(parameters) - set(declared)
        if unknown:
            raise KeyError(f"no such parameter: {', '.join(sorted(unknown))}")
        self.values: dict[str, str] = {
            **{name: str(spec.get("Default", "")) for name, spec in declared.items()},
            **parameters,
        }
        self._check_allowed(declared)
        self._pseudo: dict[str, Any] = {
            "AWS::AccountId": account,
            "AWS::Partition": "aws",
            "AWS::Region": region,
            "AWS::NoValue": NO_VALUE,
        }
        self._functions: Mapping[str, Callable[[Node], Node]] = {
            "Ref": self._ref,
            "Fn::Sub": self._sub,
            "Fn::GetAtt": lambda parts: self._attribute(*parts),
            "Fn::FindInMap": self._find_in_map,
            "Fn::If": lambda parts: self.resolve(parts[1 if self.holds(parts[0]) else 2]),
            "Fn::Equals": lambda parts: self.resolve(parts[0]) == self.resolve(parts[1]),
            "Fn::Not": lambda parts: not self.resolve(parts[0]),
        }

    def with_parameters(self, parameters: Mapping[str, str]) -> Resolver:
        """The same document and place, other values."""
        return Resolver(
            self.document,
            {**self.values, **parameters},
            region=self._pseudo["AWS::Region"],
            account=self._pseudo["AWS::AccountId"],
        )

    def resolve(self, node: Node) -> Node:
        """The value of a node, all the way down."""
        if isinstance(node, Mapping):
            return self._mapping(node)
        if isinstance(node, list):
            return [value for one in node if (value := self.resolve(one)) is not NO_VALUE]
        return node

    def holds(self, condition: str) -> bool:
        """Whether a condition of the template is true."""
        return bool(self.resolve(self.document["Conditions"][condition]))

    def _check_allowed(self, declared: Mapping[str, Any]) -> None:
        for name, spec in declared.items():
            allowed = spec.get("AllowedValues")
            if allowed and self.values[name] not in allowed:
                raise ValueError(f"{name} is one of {', '.join(allowed)}")

    def _mapping(self, node: Mapping[str, Any]) -> Node:
        if len(node) == 1:
            name, argument = next(iter(node.items()))
            if name in self._functions:
                return self._functions[name](argument)
            if name.startswith("Fn::"):
                raise ValueError(f"{name} is not understood")
        resolved = {key: self.resolve(value) for key, value in node.items()}
        return {key: value for key, value in resolved.items() if value is not NO_VALUE}

    def _ref(self, name: str) -> Node:
        if name in self._pseudo:
            return self._pseudo[name]
        return self.values[name] if name in self.values else self._identity(name)

    def _sub(self, text: str) -> str:
        return _VARIABLE.sub(self._variable, text)

    def _variable(self, match: re.Match[str]) -> str:
        literal, name = match.groups()
        if literal:  # ${!name} stands for ${name}
            return f"${{{name}}}"
        if "." in name:
            return str(self._attribute(*name.split(".", 1)))
        return str(self._ref(name))

    def _find_in_map(self, parts: list[Node]) -> Node:
        table, row, column = (self.resolve(part) for part in parts)
        return self.document["Mappings"][table][row][column]

    def _identity(self, logical_id: str) -> str:
        """What Ref gives for a resource of a kind that the template refers to."""
        kind = self._resources[logical_id]["Type"]
        if kind in {"AWS::SNS::Topic", "AWS::IAM::ManagedPolicy"}:
            return self._attribute(logical_id, "Arn")
        return self._own_name(logical_id)

    def _attribute(self, logical_id: str, attribute: str) -> str:
        kind = self._resources[logical_id]["Type"]
        if attribute != "Arn" or kind not in _ARNS:
            raise ValueError(f"{logical_id}.{attribute} is not understood")
        name = self._own_name(logical_id)
        place = f"{self._pseudo['AWS::Region']}:{self._pseudo['AWS::AccountId']}"
        return _ARNS[kind].format(place=place, account=self._pseudo["AWS::AccountId"], name=name)

    def _own_name(self, logical_id: str) -> str:
        properties = self._resources[logical_id]["Properties"]
        key = next(key for key in _NAMES if key in properties)
        return str(self.resolve(properties[key]))


_NAMES = ("TopicName", "LogGroupName", "TableName", "AlarmName", "ManagedPolicyName")
_ARNS: Mapping[str, str] = {
    "AWS::SNS::Topic": "arn:aws:sns:{place}:{name}",
    "AWS::IAM::ManagedPolicy": "arn:aws:iam::{account}:policy/{name}",
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:{place}:table/{name}",
    "AWS::CloudWatch::Alarm": "arn:aws:cloudwatch:{place}:alarm:{name}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{place}:log-group:{name}:*",
}
