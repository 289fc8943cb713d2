"""What a task may leave behind in XCom, which is Airflow's database: counts and keys."""

from __future__ import annotations

from typing import Any, NewType

Counts = NewType("Counts", dict[str, Any])
"""Counts and keys of one step, never a person.

A type of its own instead of ``dict``: a task that is annotated with a dict leaves one XCom for
each of its keys besides the whole, a dozen requests and rows that nobody reads.
"""
