"""CloudFormation's functions, as far as the template uses them; everything else is refused."""

from __future__ import annotations

from typing import Any

import pytest

from booking_sms.monitoring.intrinsics import Resolver, load_document

HEAD = """
Parameters:
  Prefix: {Type: String, Default: ours}
  Mode: {Type: String, Default: a, AllowedValues: [a, b]}
Conditions:
  IsB: !Equals [!Ref Mode, b]
  IsNotB: !Not [!Equals [!Ref Mode, b]]
Mappings:
  Numbers:
    a: {Value: 1}
    b: {Value: 2}
Resources:
  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: !Sub "${Prefix}-topic"}}
  Table: {Type: AWS::DynamoDB::Table, Properties: {TableName: jobs}}
  Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /ours}}
  Probe:
    Type: Probe
    Properties:
      Value: %s
"""


def resolved(node: str, **parameters: str) -> Any:
    document = load_document(HEAD % node)
    resolver = Resolver(document, parameters, region="eu-west-1", account="123456789012")
    return resolver.resolve(document["Resources"]["Probe"]["Properties"])["Value"]


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ("!Ref Prefix", "ours"),
        ("!Ref AWS::Region", "eu-west-1"),
        ("!Ref Topic", "arn:aws:sns:eu-west-1:123456789012:ours-topic"),
        ("!Ref Table", "jobs"),
        ("!GetAtt Table.Arn", "arn:aws:dynamodb:eu-west-1:123456789012:table/jobs"),
        ("!GetAtt Group.Arn", "arn:aws:logs:eu-west-1:123456789012:log-group:/ours:*"),
        (
            '!Sub "${Table.Arn}/index/open"',
            "arn:aws:dynamodb:eu-west-1:123456789012:table/jobs/index/open",
        ),
        ('!Sub "${Prefix} ${AWS::AccountId} ${!Literal}"', "ours 123456789012 ${Literal}"),
        ("!FindInMap [Numbers, !Ref Mode, Value]", 1),
        ("!If [IsB, yes it is, no]", "no"),
        ("[1, !If [IsB, 2, !Ref AWS::NoValue], 3]", [1, 3]),
        ("{keep: 1, drop: !If [IsNotB, !Ref AWS::NoValue, 2]}", {"keep": 1}),
        ("{Ref: Prefix}", "ours"),
    ],
)
def test_functions(node: str, value: object) -> None:
    if value == "no":  # YAML reads a bare no as false
        value = False
    assert resolved(node) == value


def test_parameters_change_what_they_choose() -> None:
    assert resolved("!FindInMap [Numbers, !Ref Mode, Value]", Mode="b") == 2
    assert resolved("!Ref Topic", Prefix="theirs").endswith(":theirs-topic")


@pytest.mark.parametrize(
    ("node", "error"),
    [
        ("!Join ['-', [a, b]]", ValueError),
        ("!GetAtt Topic.TopicName", ValueError),
        ("!Ref Nothing", KeyError),
        ("!Sub '${Nothing}'", KeyError),
        ("!If [Nothing, 1, 2]", KeyError),
    ],
)
def test_what_is_not_understood_is_an_error(node: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        resolved(node)


def test_a_value_that_is_not_allowed_is_refused() -> None:
    with pytest.raises(ValueError, match="Mode is one of a, b"):
        resolved("!Ref Mode", Mode="c")
