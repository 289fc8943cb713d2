from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from naver_sandbox import FormLogin, NaverSandbox, Reader


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NaverSandbox]:
    sandbox = NaverSandbox(tmp_path_factory.mktemp("naver-world"))
    yield sandbox
    sandbox.stop()


@pytest.fixture
def sandbox(running_sandbox: NaverSandbox) -> NaverSandbox:
    """The sandbox as on its first day."""
    running_sandbox.reset()
    return running_sandbox


@pytest.fixture
def make_reader(sandbox: NaverSandbox) -> Iterator[Callable[..., Reader]]:
    """Makes readers that log in by posting the form; closed at the end."""
    readers: list[Reader] = []

    def make(**options: Any) -> Reader:
        login = options.pop("login", None) or FormLogin(sandbox)
        readers.append(Reader(sandbox, login, **options))
        return readers[-1]

    yield make
    for reader in readers:
        reader.close()


@pytest.fixture
def reader(make_reader: Callable[..., Reader]) -> Reader:
    """A reader that has logged in."""
    reader = make_reader()
    reader.session.ensure_valid()
    return reader
