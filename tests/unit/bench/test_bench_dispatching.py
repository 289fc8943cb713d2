"""How rounds are cut, judged and told; nothing is sent here, and nobody is timed."""

from datetime import datetime
from typing import Any

import pytest

from booking_sms.adapters.dynamodb.billing import UNIT_BYTES, WriteUnits, item_bytes
from booking_sms.adapters.dynamodb.job_item import item_of
from booking_sms.adapters.dynamodb.values import to_item
from booking_sms.adapters.sens.wire import Reply
from booking_sms.bench.dispatching import Benched, Round, round_ranges
from booking_sms.bench.tape import Player, StoreCall, play
from booking_sms.bench.texts import TextMaker
from booking_sms.cli.bench_dispatch import document_of, problems_of
from booking_sms.domain.booking import KST
from booking_sms.ports import SignedSend

START = datetime(2026, 3, 2, 14, 0, tzinfo=KST)
SEVEN = {"enqueue": WriteUnits(20, 20), "intent": WriteUnits(30), "final": WriteUnits(50, 20)}


def benched(written: dict[str, WriteUnits], *seconds: tuple[float, float]) -> Benched:
    rounds = [Round(texts=10, product_s=ours, bare_s=bare) for ours, bare in seconds]
    return Benched(sends=20, rounds=rounds, written=written)


@pytest.mark.parametrize(
    ("sends", "sizes"),
    [
        (1, [1]),
        (3, [1, 1, 1]),
        (20, [4, 4, 4, 4, 4]),
        (1003, [200, 201, 200, 201, 201]),
        (3000, [500] * 6),
    ],
)
def test_rounds_are_alike_and_short(sends: int, sizes: list[int]) -> None:
    ranges = round_ranges(sends)

    assert [len(numbers) for numbers in ranges] == sizes
    assert [number for numbers in ranges for number in numbers] == list(range(sends))


def test_shared_writes_are_told_apart_and_not_counted() -> None:
    found = benched(SEVEN | {"bodies": WriteUnits(99), "counters": WriteUnits(99)}, (1, 1))

    units = document_of(found)["write_units"]
    assert found.is_cheap
    assert units["per_text"] == 7.0
    assert units["by_operation"]["ledger"] == {"base": 0.0, "index": 0.0}
    assert units["apart"]["bodies"] == {"base": 4.95, "index": 0.0}


@pytest.mark.parametrize(
    ("extra", "seconds", "words"),
    [
        pytest.param({}, [(10, 7)], [], id="just so"),
        pytest.param({"other": WriteUnits(1)}, [(1, 1)], ["more than 7"], id="one unit too many"),
        pytest.param({"control": WriteUnits(1)}, [(10, 6.9)], ["7", "70%"], id="dear and slow"),
        pytest.param({}, [(10, 1), (10, 8), (10, 9)], [], id="one disturbed round"),
        pytest.param({}, [(10, 1), (10, 2), (10, 99)], ["70%"], id="one lucky round"),
    ],
)
def test_it_fails_for_what_is_too_dear_or_too_slow(
    extra: dict[str, WriteUnits], seconds: list[tuple[float, float]], words: list[str]
) -> None:
    problems = list(problems_of(benched(SEVEN | extra, *seconds)))

    assert len(problems) == len(words)
    assert all(word in problem for word, problem in zip(words, problems, strict=True))


def test_texts_are_invented_full_sized_and_under_a_kilobyte() -> None:
    bodies: list[str] = []
    maker = TextMaker(start=START, put_body=lambda text: bodies.append(text) or "5e" * 32)

    jobs = list(maker.jobs(range(64)))

    assert len({(job.booking_num, job.sort_key) for job in jobs}) == 64
    assert {job.to[:4] for job in jobs} == {"0100"}
    assert len({job.open_shard for job in jobs}) > 8
    sizes = [item_bytes(to_item(item_of(job, "0" * 16))) for job in jobs]
    assert all(0.7 * UNIT_BYTES < size < UNIT_BYTES for size in sizes)
    assert len(set(bodies)) == 16  # a confirmation and a guide for each of eight stores


def test_every_text_is_another_on_request() -> None:
    bodies: list[str] = []
    put_body: Any = lambda text: bodies.append(text) or "5e" * 32  # noqa: E731

    list(TextMaker(start=START, put_body=put_body, own_texts=True).jobs(range(64)))

    assert len(set(bodies)) == 64


class Loud:
    """A client and a wire that say what they were asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def put_item(self, **request: Any) -> None:
        self.asked.append(request)

    def exchange(self, *request: Any) -> Reply:
        self.asked.append(request)
        return Reply(202 if len(self.asked) < 4 else 401, b"")


def test_a_tape_is_played_as_writes_and_posts_on_other_tables() -> None:
    loud: Any = Loud()
    signed = SignedSend(t0=1, url="http://127.0.0.1/x", headers={"a": "b"}, body=b"{}")
    put = StoreCall("PutItem", b'{"TableName": "o-sms", "Item": {}}', {})
    read = StoreCall("GetItem", b'{"TableName": "o-sms"}', {})
    player = Player(loud, loud, lambda name: name.replace("o-", "b-"))

    play(player.steps([put, read, signed, signed, signed]))

    post = ("POST", signed.url, signed.headers, signed.body)
    assert loud.asked == [{"TableName": "b-sms", "Item": {}}, post, post, post]
    assert (player.take_accepted(), player.take_accepted()) == (2, 0)
