"""One login at a time; a lock that was left behind lapses."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

TTL = timedelta(minutes=2)


def test_another_owner_waits_until_the_lock_is_released(stores):
    assert stores.login_lock.acquire("a", TTL) is True
    assert stores.login_lock.acquire("b", TTL) is False

    stores.login_lock.release("a")

    assert stores.login_lock.acquire("b", TTL) is True


def test_its_owner_may_take_it_again_and_so_extends_it(stores):
    stores.login_lock.acquire("a", TTL)
    stores.transport_clock.advance(timedelta(seconds=119))
    assert stores.login_lock.acquire("a", TTL) is True

    stores.transport_clock.advance(timedelta(seconds=119))

    assert stores.login_lock.acquire("b", TTL) is False


def test_a_lock_left_behind_lapses_at_its_end(stores):
    stores.login_lock.acquire("a", TTL)

    stores.transport_clock.advance(TTL - timedelta(milliseconds=1))
    assert stores.login_lock.acquire("b", TTL) is False
    stores.transport_clock.advance(timedelta(milliseconds=1))
    assert stores.login_lock.acquire("b", TTL) is True


def test_a_late_release_takes_nothing_from_the_next_owner(stores):
    stores.login_lock.acquire("a", TTL)
    stores.transport_clock.advance(TTL)
    stores.login_lock.acquire("b", TTL)

    stores.login_lock.release("a")

    assert stores.login_lock.acquire("c", TTL) is False


def test_releasing_what_nobody_holds_does_nothing(stores):
    stores.login_lock.release("a")

    assert stores.login_lock.acquire("b", TTL) is True


def test_of_many_that_try_at_once_one_gets_it(stores):
    with ThreadPoolExecutor(20) as threads:
        taken = list(threads.map(lambda n: stores.login_lock.acquire(f"o{n}", TTL), range(20)))

    assert taken.count(True) == 1


def test_the_lock_is_no_session(stores):
    stores.login_lock.acquire("a", TTL)

    assert stores.sessions.load() is None
