"""Reads the owner's YAML with the line of every value, so that each error says where it is.

Plain values follow YAML 1.2: ``no`` and ``20:00`` are text, a number with a leading zero is
text, a key that comes twice is refused. PyYAML's own 1.1 rules would turn 20:00 into 1200.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from booking_sms.domain.errors import RuleInvalid

Loc = Sequence[str | int]
M = TypeVar("M", bound=BaseModel)
_PLAIN = (
    ("tag:yaml.org,2002:null", r"^(~|null|)$", ["~", "n", ""]),
    ("tag:yaml.org,2002:bool", r"^(true|false)$", list("tf")),
    ("tag:yaml.org,2002:int", r"^-?(0|[1-9][0-9]*)$", list("-0123456789")),
    ("tag:yaml.org,2002:float", r"^-?(0|[1-9][0-9]*)\.[0-9]+$", list("-0123456789")),
)


class _PlainLoader(yaml.SafeLoader):
    """SafeLoader without YAML 1.1's surprises."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 (PyYAML's own class attribute)


for _tag, _pattern, _first in _PLAIN:
    _PlainLoader.add_implicit_resolver(_tag, re.compile(_pattern), _first)


@dataclass(frozen=True)
class YamlSource:
    """One parsed file: its data, and the line of any path into the data."""

    path: Path
    data: Any
    root: yaml.Node

    def line_of(self, loc: Loc) -> int:
        """1-based line of a path; parts that are no keys (pydantic's tags) are passed over."""
        node: yaml.Node = self.root
        line = 1
        for part in loc:
            step = _child(node, part)
            if step is not None:
                line, node = step
        return line

    def problem(self, loc: Loc, message: str) -> str:
        """``file:line: where: what`` as one line."""
        where = ".".join(str(part) for part in loc)
        said = f"{where}: {message}" if where else message
        return f"{display_path(self.path)}:{self.line_of(loc)}: {said}"

    def error(self, loc: Loc, message: str) -> RuleInvalid:
        """The error to raise for one problem."""
        return RuleInvalid(self.problem(loc, message))

    def parse(self, model: type[M]) -> M:
        """The data as a model; RuleInvalid with every problem, each with file and line."""
        try:
            return model.model_validate(self.data)
        except ValidationError as error:
            raise RuleInvalid("\n".join(self._problems(error))) from None

    def _problems(self, error: ValidationError) -> list[str]:
        items = error.errors(include_url=False, include_context=False, include_input=False)
        kept = [item for item in items if not _is_echo(item, items)]
        return [self.problem(_readable(item["loc"]), _message(item)) for item in kept]


def read_yaml(path: Path) -> YamlSource:
    """Parse a file; RuleInvalid (file, line) for bad YAML, double keys or a missing file."""
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=_PlainLoader)
        data = None if root is None else _construct(root)
    except (OSError, UnicodeDecodeError) as error:
        raise RuleInvalid(f"{display_path(path)}:1: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise RuleInvalid(f"{display_path(path)}:{_mark(error)}: {_why(error)}") from None
    if root is None:
        raise RuleInvalid(f"{display_path(path)}:1: the file is empty")
    source = YamlSource(path, data, root)
    _refuse_double_keys(source, root)
    return source


def display_path(path: Path) -> str:
    """The path below the working directory, where it lies there."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def join_problems(errors: Iterable[RuleInvalid]) -> RuleInvalid:
    """Several files' problems as one error."""
    return RuleInvalid("\n".join(str(error) for error in errors))


def _construct(root: yaml.Node) -> Any:
    loader = _PlainLoader("")
    try:
        return loader.construct_document(root)
    finally:
        loader.dispose()


def _child(node: yaml.Node, part: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item.start_mark.line + 1, item
    return None


def _refuse_double_keys(source: YamlSource, node: yaml.Node) -> None:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_double_keys(source, item)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise RuleInvalid(f"{display_path(source.path)}:{line}: key {key.value!r} twice")
            seen.add(key.value)
            _refuse_double_keys(source, value)


def _mark(error: yaml.YAMLError) -> int:
    mark = getattr(error, "problem_mark", None)
    return mark.line + 1 if mark else 1


def _why(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or error).splitlines()[0]


def _is_echo(item: Any, items: Iterable[Any]) -> bool:
    """Pydantic calls a list too short when its only member is wrong: that is no second fault."""
    if item["type"] != "too_short":
        return False
    size = len(item["loc"])
    return any(len(other["loc"]) > size and other["loc"][:size] == item["loc"] for other in items)


def _readable(loc: Loc) -> Loc:
    """Without the union tags that pydantic adds (``all`` comes twice, ``leaf`` is none)."""
    kept: list[str | int] = []
    for part in loc:
        if part == "leaf" or (kept and part == kept[-1]):
            continue
        kept.append(part)
    return tuple(kept)


def _message(item: Any) -> str:
    if item["type"] == "extra_forbidden":
        return "unknown key"
    return str(item["msg"]).removeprefix("Value error, ")
