"""The guard's loop: a round that fails is paged once, the next one tries again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from booking_sms import workflow
from booking_sms.cli import guard
from booking_sms.domain.errors import BookingSmsError, StoreUnavailable
from booking_sms.pipeline.guard import GuardReport


class Rounds:
    """Stands for the stop event: each wait is one round over, the last one stops."""

    def __init__(self, rounds: int) -> None:
        self.left = rounds

    def is_set(self) -> bool:
        return self.left <= 0

    def wait(self, seconds: float) -> None:
        self.left -= 1


@pytest.mark.parametrize(
    ("outcomes", "pages"),
    [
        ([None, None], []),
        (
            [StoreUnavailable(), StoreUnavailable()],
            ["방문 확인을 할 수 없습니다: StoreUnavailable"],
        ),
        (
            [StoreUnavailable(), None],
            ["방문 확인을 할 수 없습니다: StoreUnavailable", "방문 확인을 다시 합니다"],
        ),
    ],
)
def test_a_round_that_fails_does_not_end_the_loop(
    monkeypatch: pytest.MonkeyPatch, outcomes: list[BookingSmsError | None], pages: list[str]
) -> None:
    told: list[str] = []
    left = iter(outcomes)

    def round_of(app: Any) -> GuardReport:
        error = next(left)
        if error:
            raise error
        return GuardReport(at="now")

    monkeypatch.setattr(workflow, "guard_visits", round_of)
    app: Any = SimpleNamespace(page=told.append)
    stop: Any = Rounds(len(outcomes))

    guard.rounds_of(app, as_json=True).repeat(300, stop)

    assert told == pages
    assert next(left, "nothing") == "nothing"
