"""Which operations of AWS the code calls, read from the code.

A module says which services it speaks to: by the client types that it imports, by the clients
that it builds, or by importing ``Clients``, which holds those of monitoring. Every attribute in it
that is one of such a client's methods counts, also when it is only handed on.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.session import get_session

import booking_sms.monitoring.clients

TYPES = "types_boto3_"
CLIENTS = Path(booking_sms.monitoring.clients.__file__)


@cache
def methods_of(service: str) -> dict[str, str]:
    """Operation by method name, as boto3 spells it."""
    model = get_session().get_service_model(service)
    return {xform_name(name): name for name in model.operation_names}


@cache
def waiters_of(service: str) -> dict[str, str]:
    """Operation that a waiter asks, by the waiter's name."""
    try:
        model = get_session().get_waiter_model(service)
    except UnknownServiceError:  # a service without waiters
        return {}
    return {xform_name(name): model.get_waiter(name).operation for name in model.waiter_names}


def operations_of(source: str) -> set[tuple[str, str]]:
    """(service, operation) of one module."""
    tree = ast.parse(source)
    services = {service for node in ast.walk(tree) for service in _services(node)}
    return {
        (service, operation)
        for service in services
        for node in ast.walk(tree)
        for operation in _called(node, service)
    }


def _services(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom):
        module = node.module or ""
        if module.startswith(TYPES):
            yield module.removeprefix(TYPES).split(".", 1)[0]
        if module == booking_sms.monitoring.clients.__name__:
            for inner in ast.walk(ast.parse(CLIENTS.read_text(encoding="utf-8"))):
                yield from _services(inner)
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "client"
        and isinstance(node.args[0], ast.Constant)
    ):
        yield str(node.args[0].value)


def _called(node: ast.AST, service: str) -> Iterator[str]:
    if isinstance(node, ast.Attribute) and node.attr in methods_of(service):
        yield methods_of(service)[node.attr]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        asked = node.args[0]
        if not isinstance(asked, ast.Constant):
            return
        if node.func.attr == "get_paginator" and asked.value in methods_of(service):
            yield methods_of(service)[asked.value]
        if node.func.attr == "get_waiter" and asked.value in waiters_of(service):
            yield waiters_of(service)[asked.value]


def used_operations(folder: Path, *, without: tuple[str, ...] = ()) -> dict[str, set[str]]:
    """{"service:Operation": {modules}} of a package, without some of its folders."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder).as_posix()
        if not name.startswith(without):
            for service, operation in operations_of(path.read_text(encoding="utf-8")):
                found.setdefault(f"{service}:{operation}", set()).add(name)
    return found
