"""The pools that guard Naver, declared once for every way of starting Airflow.

A pool holds across DAG runs, so a backfill and a scheduled run share it: the partner API sees
two readers at most, and the account never sees two logins at once.
"""

from __future__ import annotations

from typing import NamedTuple


class Pool(NamedTuple):
    """An Airflow pool: its id, its size and why it exists."""

    name: str
    slots: int
    description: str


NAVER = Pool("naver", 2, "Reads of the partner booking API at the same time")
NAVER_LOGIN = Pool("naver_login", 1, "One login at a time: two would lock the account")
POOLS = (NAVER, NAVER_LOGIN)
