"""``booking-sms bench``: what the machine can do, on made-up work; nobody's data, no outside."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import typer

from booking_sms.bench.planning import (
    MOST_GROWTH_MB,
    SHARES,
    SLOWEST,
    Measured,
    Verdict,
    measure_in_child,
    verdict_of,
)
from booking_sms.cli.console import JsonOption, fail, out, print_json, print_table

COLUMNS = ("bookings", "stores", "rules", "decided", "s", "µs each", "growth MB", "peak MB")
app = typer.Typer(
    no_args_is_help=True, help="Measure speed, memory and units on made-up bookings and texts."
)


@app.command("plan")
def plan(
    bookings: int = typer.Option(100_000, "--bookings", min=10, help="Bookings of the largest."),
    rules: int = typer.Option(50, "--rules", min=1, max=500, help="Rules, all of them texts."),
    per_store: int = typer.Option(1_000, "--per-store", min=1, help="Bookings of a store."),
    seed: int = typer.Option(1, "--seed", help="Another one makes other bookings."),
    as_json: bool = JsonOption,
) -> None:
    """Plan 10, 50 and 100 % of the bookings; exit 1 unless time is linear and memory flat."""
    sizes = [measure_in_child(bookings * share // 100, rules, per_store, seed) for share in SHARES]
    verdict = verdict_of(sizes)
    if as_json:
        print_json({"sizes": [asdict(size) for size in sizes], "verdict": _document(verdict)})
    else:
        _print(sizes, verdict)
    if not (verdict.is_linear and verdict.is_flat):
        raise fail("planning is not linear in time, or not flat in memory", code=1)


@app.command("dispatch")
def dispatch(
    sends: int = typer.Option(1_000, "--sends", min=1, help="Texts, in rounds of at most 500."),
    own_texts: bool = typer.Option(
        False, "--own-texts", help="Each text is another, as with a name in it."
    ),
    as_json: bool = JsonOption,
) -> None:
    """Send texts over real HTTP to the sandbox; count units, race against a bare loop.

    Starts a world of its own on this machine and removes it. The bare loop makes the same POSTs
    and writes with the same clients, and nothing else. Exits 1 when a delivered text costs more
    than 7 write units, or when dispatch reaches less than 70 % of the bare loop's speed.
    """
    from booking_sms.cli.bench_dispatch import measure  # boto3: no other command waits for it

    measure(sends, own_texts=own_texts, as_json=as_json)


def _document(verdict: Verdict) -> dict[str, Any]:
    return {
        "linear": verdict.is_linear,
        "slowdown": verdict.slowdown,
        "most_slowdown": SLOWEST,
        "flat": verdict.is_flat,
        "extra_mb": verdict.extra_mb,
        "most_extra_mb": MOST_GROWTH_MB,
    }


def _print(sizes: list[Measured], verdict: Verdict) -> None:
    rows = [asdict(size) for size in sizes]
    print_table("planning, processor time", COLUMNS, (tuple(row.values()) for row in rows))
    linear, flat = ("yes" if each else "NO" for each in (verdict.is_linear, verdict.is_flat))
    out.print(f"linear: {linear} (per booking x{verdict.slowdown}, at most x{SLOWEST})")
    out.print(f"flat: {flat} (peak {verdict.extra_mb:+} MB, at most +{MOST_GROWTH_MB} MB)")
