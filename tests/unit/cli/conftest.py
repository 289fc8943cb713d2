from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from command_world import Shop, make_shop

from booking_sms.telemetry.log_stream import be_silent


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return make_shop(tmp_path, monkeypatch)


@pytest.fixture(autouse=True)
def _without_logs() -> Iterator[None]:
    """A command of its own process writes them to stderr; here both would be one output."""
    before = structlog.get_config()
    be_silent()
    yield
    structlog.configure(**before)
