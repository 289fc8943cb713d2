"""``python -m sandbox``: serve, up, down, status."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path

from sandbox.clock import ClockMode, parse_instant
from sandbox.loopback import LOOPBACK, NotLoopbackError, require_loopback
from sandbox.supervisor import lifecycle
from sandbox.supervisor.folder import NotAWorldError, WorldFolder
from sandbox.supervisor.programs import ProgramMissingError, StartFailedError
from sandbox.supervisor.recipe_file import Wishes, WorldMismatchError, keep_recipe
from sandbox.supervisor.supervise import Supervisor

REFUSALS = (
    NotAWorldError,
    NotLoopbackError,
    ProgramMissingError,
    StartFailedError,
    WorldMismatchError,
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; refusals are one line on stderr and exit code 1."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (*REFUSALS, OSError) as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _serve_command(commands)
    _up_command(commands)
    _supervise_command(commands)
    _legacy_command(commands)
    for name, run, text in (
        ("down", _down, "stop the world; its state stays"),
        ("status", _status, "say what runs, and where"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        _add_folder(command)
        command.add_argument("--json", action="store_true", help="machine-readable")
        command.set_defaults(run=run)
    return parser


def _serve_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "run the simulated services in this process"
    command = commands.add_parser("serve", help=text, description=text)
    _add_folder(command)
    _add_recipe(command)
    _add_network(command)
    command.add_argument("--ports-file", type=Path, help="default: DIR/ports.json")
    command.set_defaults(run=_serve)


def _up_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "start or resume a whole world in the background"
    command = commands.add_parser("up", help=text, description=text)
    _add_folder(command)
    _add_recipe(command)
    _add_network(command)
    command.add_argument("--env-file", type=Path, help="also write the connections there")
    command.add_argument("--fresh", action="store_true", help="wipe an existing world first")
    command.set_defaults(run=_up)


def _supervise_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser("supervise", help="(used by up) run the world's programs")
    _add_folder(command)
    _add_network(command)
    command.add_argument("--clock", choices=[mode.value for mode in ClockMode])
    command.add_argument("--env-file", type=Path)
    command.set_defaults(run=_supervise)


def _legacy_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from sandbox.legacy.command import add_commands

    text = "the predecessor's stand-in: writes its ledger as it did, with its bugs on request"
    add_commands(commands.add_parser("legacy", help=text, description=text))


def _add_folder(command: argparse.ArgumentParser) -> None:
    command.add_argument("--dir", type=Path, required=True, help="the world's folder")


def _add_recipe(command: argparse.ArgumentParser) -> None:
    command.add_argument("--at", type=parse_instant, help="first instant of the world (KST)")
    command.add_argument("--seed", type=int, help="same seed, same people and bookings")
    command.add_argument("--stores", type=_at_least(1), help="number of stores")
    command.add_argument("--bookings", type=_at_least(0), help="number of bookings")
    command.add_argument("--clock", choices=[mode.value for mode in ClockMode])


def _add_network(command: argparse.ArgumentParser) -> None:
    command.add_argument("--host", default=LOOPBACK, help="a loopback address, nothing else")
    command.add_argument(
        "--port",
        action="append",
        default=[],
        metavar="SERVICE=PORT",
        type=_service_port,
        help="a fixed port for a service (default: a free one)",
    )


def _at_least(least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}")
        return number

    return parse


def _service_port(text: str) -> tuple[str, int]:
    from sandbox.app import SERVICES

    service, _, port = text.partition("=")
    if service not in SERVICES or not port.isdecimal():
        raise argparse.ArgumentTypeError(f"write SERVICE=PORT with one of {', '.join(SERVICES)}")
    return service, int(port)


def _wishes(options: argparse.Namespace) -> Wishes:
    return Wishes(options.seed, options.at, options.stores, options.bookings)


def _up(options: argparse.Namespace) -> int:
    wanted = lifecycle.UpOptions(
        wishes=_wishes(options),
        clock=ClockMode(options.clock) if options.clock else None,
        env_file=options.env_file,
        ports=dict(options.port),
        host=require_loopback(options.host),
        fresh=options.fresh,
    )
    folder = WorldFolder(options.dir)
    _say(lifecycle.up(folder, wanted))
    for name, url in lifecycle.status(folder)["urls"].items():
        _say(f"  {name:<14} {url}")
    return 0


def _down(options: argparse.Namespace) -> int:
    told = lifecycle.down(WorldFolder(options.dir))
    _say(json.dumps({"down": told}) if options.json else told)
    return 0


def _status(options: argparse.Namespace) -> int:
    facts = lifecycle.status(WorldFolder(options.dir))
    if options.json:
        _say(json.dumps(facts, indent=2))
    else:
        _say(f"{'running' if facts['running'] else 'not running'}: {facts['dir']}")
        for name, url in facts.get("urls", {}).items():
            _say(f"  {name:<14} {url}")
    return 0


def _supervise(options: argparse.Namespace) -> int:
    passed = ["--host", options.host]
    passed += ["--clock", options.clock] if options.clock else []
    for service, port in options.port:
        passed += ["--port", f"{service}={port}"]
    host = require_loopback(options.host)
    return Supervisor(WorldFolder(options.dir), options.env_file, host).run(passed)


def _serve(options: argparse.Namespace) -> int:
    from sandbox.app import build_context
    from sandbox.server import bind_all, serve
    from sandbox.state_file import StateFile, stored_recipe

    host = require_loopback(options.host)
    folder = WorldFolder(options.dir)
    folder.create()
    recipe = keep_recipe(folder, _wishes(options))
    context = build_context(stored_recipe(folder.state) or recipe, options.clock or "fixed")
    state = StateFile(folder.state, context)
    if state.restore() and options.clock:
        context.clock.set(context.clock.now(), options.clock)
    sockets = bind_all(dict(options.port), host)
    asyncio.run(serve(context, sockets, state, options.ports_file or folder.ports))
    return 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
