"""What ``booking-sms bench dispatch`` prints: what a text costs and how fast it leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.progress import Progress

from booking_sms.adapters.dynamodb.billing import WriteUnits
from booking_sms.bench.dispatching import LEAST_RATIO, MOST_UNITS, Benched, bench_dispatch
from booking_sms.bench.units import APART, EVENTUAL, OPERATIONS, STRONG
from booking_sms.cli.console import err, fail, out, print_json, print_table
from booking_sms.telemetry.log_stream import be_silent

UNIT_COLUMNS = ("write units per text", "base", "index", "together")
READ_COLUMNS = ("read units per text", "strong", "eventual")
SPEED_COLUMNS = ("round", "texts", "texts/s", "bare/s", "ratio %")


def measure(sends: int, *, own_texts: bool, as_json: bool) -> None:
    """Run the bench and print it; raises typer.Exit(1) for texts too dear or too slow."""
    be_silent()  # both sides are measured without a log
    benched = _bench(sends, own_texts)
    if as_json:
        print_json(document_of(benched))
    else:
        _print(benched)
    if problems := list(problems_of(benched)):
        raise fail("; ".join(problems), code=1)


def _bench(sends: int, own_texts: bool) -> Benched:
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("sending", total=sends)
        return bench_dispatch(
            sends,
            own_texts=own_texts,
            on_progress=lambda done: progress.update(task, completed=done),
        )


def document_of(benched: Benched) -> dict[str, Any]:
    """The JSON form; everything but ``sends`` and the rounds is per text or per second."""
    return {
        "sends": benched.sends,
        "write_units": _write_units(benched),
        "read_units_per_text": _reads(benched),
        "texts_per_second": round(benched.texts_per_second, 1),
        "bare_per_second": round(benched.bare_per_second, 1),
        "ratio": round(benched.ratio, 3),
        "rounds": [{"texts": each.texts, "ratio": round(each.ratio, 3)} for each in benched.rounds],
        "verdict": {
            "cheap": benched.is_cheap,
            "most_units": MOST_UNITS,
            "fast": benched.is_fast,
            "least_ratio": LEAST_RATIO,
        },
    }


def problems_of(benched: Benched) -> Iterator[str]:
    """What the command fails for, in words."""
    if not benched.is_cheap:
        yield f"a delivered text costs more than {MOST_UNITS} write units"
    if not benched.is_fast:
        yield f"dispatch is slower than {LEAST_RATIO:.0%} of the bare loop"


def _write_units(benched: Benched) -> dict[str, Any]:
    """All operations of a text's way, also those without a write; what is shared is apart."""
    own = [*OPERATIONS, *(name for name in benched.written if name not in (*OPERATIONS, *APART))]
    total = _per_text(benched, benched.units)
    return {
        "per_text": round(benched.units.total / benched.sends, 3),
        **total,
        "by_operation": {name: _units_of(benched, name) for name in own},
        "apart": {name: _units_of(benched, name) for name in APART},
    }


def _units_of(benched: Benched, name: str) -> dict[str, float]:
    return _per_text(benched, benched.written.get(name, WriteUnits()))


def _per_text(benched: Benched, units: WriteUnits) -> dict[str, float]:
    return {
        "base": round(units.base / benched.sends, 3),
        "index": round(units.index / benched.sends, 3),
    }


def _reads(benched: Benched) -> dict[str, Any]:
    phases = {
        phase: {kind: round(units / benched.sends, 3) for kind, units in read.items()}
        for phase, read in benched.read.items()
    }
    kinds = {kind: sum(read[kind] for read in benched.read.values()) for kind in (STRONG, EVENTUAL)}
    return {
        **{kind: round(units / benched.sends, 3) for kind, units in kinds.items()},
        "by_phase": phases,
    }


def _print(benched: Benched) -> None:
    document = document_of(benched)
    print_table(f"{benched.sends} texts delivered", UNIT_COLUMNS, _unit_rows(document))
    reads = document["read_units_per_text"]
    phases = ((phase, *read.values()) for phase, read in reads["by_phase"].items())
    print_table("reads", READ_COLUMNS, phases)
    print_table("speed of dispatch", SPEED_COLUMNS, _speed_rows(benched))
    cheap, fast = ("yes" if each else "NO" for each in (benched.is_cheap, benched.is_fast))
    units = document["write_units"]
    out.print(
        f"cheap: {cheap} ({units['per_text']} units per text, {units['base']} base and "
        f"{units['index']} index; at most {MOST_UNITS})"
    )
    out.print(f"fast: {fast} ({benched.ratio:.0%} of the bare loop, at least {LEAST_RATIO:.0%})")


def _unit_rows(document: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    units = document["write_units"]
    named = [*units["by_operation"].items(), ("a text", units)]
    shared = [(f"{name} (shared, apart)", each) for name, each in units["apart"].items()]
    for name, each in [*named, *shared]:
        base, index = each["base"], each["index"]
        yield name, base, index, round(base + index, 3)


def _speed_rows(benched: Benched) -> Iterator[tuple[Any, ...]]:
    for number, each in enumerate(benched.rounds, start=1):
        product, bare = each.texts / each.product_s, each.texts / each.bare_s
        yield number, each.texts, f"{product:.1f}", f"{bare:.1f}", f"{100 * each.ratio:.0f}"
    median = (f"{benched.texts_per_second:.1f}", f"{benched.bare_per_second:.1f}")
    yield "median", benched.sends, *median, f"{100 * benched.ratio:.0f}"
