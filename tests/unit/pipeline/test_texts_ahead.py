"""Bodies are read ahead, in few requests, and only when one is needed."""

from collections.abc import Mapping, Sequence

import pytest

from booking_sms.domain.errors import ConfigError
from booking_sms.pipeline.texts_ahead import AT_ONCE, KEPT, TextsAhead


class Bodies:
    """Texts named by their own digest; notes each request."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def put(self, content: str) -> str:
        return content

    def get(self, sha256: str) -> str:
        self.asked.append([sha256])
        if sha256 == "sealed":
            raise ConfigError("no encryption key opens this text")
        raise KeyError(sha256)

    def get_many(self, sha256s: Sequence[str]) -> Mapping[str, str]:
        self.asked.append(list(sha256s))
        return {name: name.upper() for name in sha256s if name not in ("sealed", "unknown")}


@pytest.fixture
def bodies() -> Bodies:
    return Bodies()


def test_the_next_bodies_come_with_the_first(bodies: Bodies) -> None:
    texts = TextsAhead(bodies)
    texts.expect(["a", "b", "a", "c"])
    asked_before = list(bodies.asked)

    assert [texts.get(name) for name in ("b", "a", "c", "a")] == ["B", "A", "C", "A"]
    assert (asked_before, bodies.asked) == ([], [["b", "a", "c"]])


def test_a_request_stays_small_and_so_does_the_memory(bodies: Bodies) -> None:
    names = [f"t{number}" for number in range(2 * KEPT)]
    texts = TextsAhead(bodies)
    texts.expect(names)

    assert [texts.get(name) for name in names] == [name.upper() for name in names]
    assert {len(asked) for asked in bodies.asked} <= set(range(1, AT_ONCE + 1))
    assert len(bodies.asked) < len(names) / AT_ONCE + 10


@pytest.mark.parametrize(("name", "error"), [("unknown", KeyError), ("sealed", ConfigError)])
def test_one_that_cannot_be_read_harms_no_other(
    bodies: Bodies, name: str, error: type[Exception]
) -> None:
    texts = TextsAhead(bodies)
    texts.expect(["a", name, "b"])

    assert texts.get("a") == "A"
    with pytest.raises(error):
        texts.get(name)
    assert texts.get("b") == "B"
    assert len(bodies.asked) == 3


def test_one_that_was_not_expected_is_read_all_the_same(bodies: Bodies) -> None:
    assert TextsAhead(bodies).get("z") == "Z"
