"""Airflow and the embedded world on this machine: `run`, `up`, `down`.

`run` takes six windows of a seeded day through the three DAGs, prints what came of it, and ends
with 0 only if everything held. `up` leaves Airflow's UI and scheduler running, `down` stops
them. Everything listens on 127.0.0.1 and nothing is left behind.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "plugins"))

import httpx
from rich.console import Console

from booking_sms_airflow.pools import POOLS
from local_stack.airflow_stack import DAILY_DAG_IDS, AirflowStack, stop
from local_stack.day import WINDOWS, Day, instant_of
from local_stack.embedded_world import EmbeddedWorld
from local_stack.environment import USER
from local_stack.layout import Layout, StackError
from local_stack.outcome import Before, DayOutcome
from local_stack.processes import StackState
from local_stack.summary import print_day

FIXED, TICKING = "fixed", "ticking"
UI_PORT = 8080
FIRST_INSTANT = instant_of(WINDOWS[0]).isoformat()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; what goes wrong is a few lines and exit code 1."""
    options = _parser().parse_args(arguments)
    console = Console(stderr=True)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return int(options.command(Layout.at(options.world, options.airflow_home), options))
    except (StackError, httpx.HTTPError, OSError) as error:
        console.print(f"[red]local_airflow:[/red] {error}", highlight=False, soft_wrap=True)
    except KeyboardInterrupt:
        console.print("[red]local_airflow:[/red] interrupted, everything was stopped")
        return 130
    return 1


def run(layout: Layout, options: argparse.Namespace) -> int:
    """Six windows, one report; 0 only if everything held."""
    console, begun = Console(log_path=False), time.monotonic()
    _clear_the_way(layout, console)
    with running(layout, console, fresh=True) as (stack, world):
        before = Before.of(world)
        windows = Day(stack.api, world, console.log).run(options.windows or WINDOWS)
        outcome = DayOutcome.gather(world, before, windows)
        world.note_finished(window.clock for window in windows if window.succeeded)
    print_day(console, outcome, layout, time.monotonic() - begun)
    return 1 if outcome.problems() else 0


def up(layout: Layout, options: argparse.Namespace) -> int:
    """Start everything and leave it running."""
    console = Console(log_path=False)
    _clear_the_way(layout, console)
    with running(layout, console, port=UI_PORT, clock=TICKING, keep=True) as (stack, world):
        stack.unpause(DAILY_DAG_IDS)
        _tell_how_to_use(console, stack, world)
    return 0


def down(layout: Layout, options: argparse.Namespace) -> int:
    """Stop what `up` started (also after a crash)."""
    state = StackState.read(layout.state_file)
    with closing(EmbeddedWorld(layout)) as world, ExitStack() as both:
        both.callback(world.down)
        both.callback(stop, layout, state)
    Console().print("stopped" if state else "nothing was running")
    return 0


@contextmanager
def running(
    layout: Layout,
    console: Console,
    *,
    fresh: bool = False,
    port: int = 0,
    clock: str = FIXED,
    keep: bool = False,
) -> Iterator[tuple[AirflowStack, EmbeddedWorld]]:
    """World and Airflow, ready to use; both are stopped unless all went well and ``keep``."""
    with ExitStack() as cleanup:
        world = EmbeddedWorld(layout)
        cleanup.callback(world.close)
        cleanup.callback(world.down)
        stack = AirflowStack.begin(layout, port, fresh=fresh)
        cleanup.callback(stack.stop)
        # Entered last, so left first: no second Ctrl-C stops the stopping.
        cleanup.callback(_ignore_signals)
        start(stack, world, clock, console)
        yield stack, world
        if keep:
            stack.leave_running()
            cleanup.pop_all()


def start(stack: AirflowStack, world: EmbeddedWorld, clock: str, console: Console) -> None:
    """From nothing to three unpaused DAGs over a world that may send."""
    world.up(FIRST_INSTANT, clock)
    console.log("the world is up")
    stack.start()
    world.allow_sending()
    console.log("texts may be sent; Airflow's components are starting")
    stack.wait_ready()
    stack.make_pools(POOLS)
    stack.unpause()
    console.log("Airflow is ready")


def _clear_the_way(layout: Layout, console: Console) -> None:
    """Stop what a killed start left behind; refuse to start beside one that is alive."""
    state = StackState.read(layout.state_file)
    if state is None or not state.is_running:
        return
    if not state.is_left_behind:
        raise StackError(f"already running at {state.url}; stop it first: make down")
    stop(layout, state)
    console.log("an earlier start was killed: what it left running was stopped")


def _tell_how_to_use(console: Console, stack: AirflowStack, world: EmbeddedWorld) -> None:
    window_end = world.last_window_end()
    lines = (
        f"Airflow   {stack.state.url}   login {USER} / {stack.password}",
        f"phones    {world.control_url}/inbox",
        f"window    in the UI: booking_sms_etl, Trigger, window_end {window_end}",
        "          texts of windows more than 40 minutes old are held for approval",
        "clock     booking-sms sandbox clock --set 2026-03-02T20:00:00+09:00",
        f"logs      {stack.layout.airflow_home}",
        "stop      make down",
    )
    console.print("\n".join(lines), highlight=False, soft_wrap=True)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (run, up, down):
        one = commands.add_parser(command.__name__, help=command.__doc__)
        one.add_argument("--world", help="folder of the world (default: .world)")
        one.add_argument("--airflow-home", help="Airflow's home (default: .airflow)")
        one.set_defaults(command=command, windows=None)
    commands.choices["run"].add_argument(
        "--windows", nargs="+", metavar="HH:MM", help=f"default: {' '.join(WINDOWS)}"
    )
    return parser


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        sys.exit(main())
