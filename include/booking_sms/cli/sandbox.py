"""``booking-sms sandbox``: the embedded world, started as its own process group.

The sandbox shares no code with this package, so it is run as a program and asked over HTTP.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import typer

from booking_sms.cli.console import JsonOption, fail, out, print_facts, print_json, print_table
from booking_sms.config.settings import INCLUDE, Settings, effective_environ, world_folder

app = typer.Typer(no_args_is_help=True, help="The embedded world: Naver, SENS, chats, AWS.")

AtOption = typer.Option("2026-03-02T13:40:00+09:00", help="World instant to seed around.")


def run_sandbox(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m sandbox`` with these arguments; its output is captured."""
    command = [sys.executable, "-m", "sandbox", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=INCLUDE.parent)  # noqa: S603


def folder() -> Path:
    """Folder of the world that commands speak of."""
    return world_folder(os.environ)


def _finish(result: subprocess.CompletedProcess[str], as_json: bool) -> None:
    if result.returncode:
        raise fail((result.stderr or result.stdout).strip().splitlines()[-1], code=1)
    text = result.stdout.strip()
    if as_json:
        print_json(_world())
    else:
        out.print(text, highlight=False)


def _world() -> dict[str, Any]:
    path = folder() / "world.json"
    return dict(json.loads(path.read_text())) if path.exists() else {"running": False}


@app.command()
def up(
    at: str = AtOption,
    seed: int = typer.Option(1, help="Seed of the world; the same seed is the same world."),
    stores: int = typer.Option(8, help="Number of stores."),
    bookings: int = typer.Option(60, help="Number of bookings."),
    clock: str = typer.Option("fixed", help="fixed, ticking or real."),
    fresh: bool = typer.Option(False, "--fresh", help="Wipe an existing world first."),
    as_json: bool = JsonOption,
) -> None:
    """Start the world (idempotent) and print where everything listens."""
    arguments = ["up", "--dir", str(folder()), "--at", at, "--seed", str(seed)]
    arguments += ["--stores", str(stores), "--bookings", str(bookings), "--clock", clock]
    arguments += ["--fresh"] if fresh else []
    _finish(run_sandbox(*arguments), as_json)


@app.command()
def down(as_json: bool = JsonOption) -> None:
    """Stop the world; its state stays on disk."""
    _finish(run_sandbox("down", "--dir", str(folder())), as_json)


@app.command()
def status(as_json: bool = JsonOption) -> None:
    """Say what runs, and where."""
    world = _world()
    print_facts("world", world, as_json=as_json)


@app.command()
def env() -> None:
    """Print the world's connections as shell exports: ``eval "$(booking-sms sandbox env)"``."""
    path = folder() / "world.env"
    if not path.exists():
        raise fail("no world is up; start one with: booking-sms sandbox up")
    for line in path.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            print(f"export {line}")


def control(method: str, path: str, **kwargs: Any) -> Any:
    """Call the sandbox's control API and return its JSON."""
    settings = Settings.from_environ(effective_environ())
    if not settings.sandbox_control_url:
        raise fail("no world is up; start one with: booking-sms sandbox up")
    url = f"{settings.sandbox_control_url.rstrip('/')}{path}"
    try:
        answer = httpx.request(method, url, timeout=10, trust_env=False, **kwargs)
    except httpx.HTTPError as error:
        raise fail(
            f"the sandbox does not answer at {url}: {type(error).__name__}", code=1
        ) from None
    if answer.is_error:
        raise fail(f"the sandbox refused {method} {path}: {answer.text[:200]}", code=1)
    return answer.json() if answer.content else None


@app.command()
def inbox(as_json: bool = JsonOption) -> None:
    """Every text as the phones got it."""
    messages = control("GET", "/inbox.json")
    if as_json:
        print_json(messages)
        return
    rows = (
        (
            m["to"],
            m["type"],
            m["subject"],
            m["bytes"],
            m["status"],
            m["content"].split("\n")[0][:40],
        )
        for m in messages
    )
    print_table("inbox", ("to", "type", "subject", "bytes", "status", "text"), rows)


@app.command()
def fault(
    service: str = typer.Argument(help="naver_login, naver_booking, sens, telegram or slack."),
    operation: str = typer.Argument(help="Operation of the service, e.g. send."),
    kind: str = typer.Argument(help="Kind of fault, e.g. hang_after_accept."),
    times: int = typer.Option(1, help="How often; 0 = until cleared."),
    param: list[str] = typer.Option([], help="name=value, e.g. seconds=5."),
    match: list[str] = typer.Option([], help="name=value, e.g. store=900103."),
    as_json: bool = JsonOption,
) -> None:
    """Script a fault of the world for the next calls."""
    body = {
        "service": service,
        "operation": operation,
        "kind": kind,
        "times": times or None,
        "params": _pairs(param),
        "match": _pairs(match),
    }
    answer = control("POST", "/control/faults", json=body)
    print_facts(
        "fault", answer if isinstance(answer, dict) else {"faults": answer}, as_json=as_json
    )


def _pairs(texts: list[str]) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator:
            raise fail(f"expected name=value, got {text!r}")
        pairs[name] = (
            float(value) if value.replace(".", "", 1).isdigit() and len(value) < 6 else value
        )
    return pairs


@app.command()
def clear_faults(as_json: bool = JsonOption) -> None:
    """Clear every scripted fault."""
    print_facts("faults", {"cleared": control("DELETE", "/control/faults")}, as_json=as_json)


@app.command()
def clock(
    set_to: str = typer.Option("", "--set", help="ISO instant with offset."),
    mode: str = typer.Option("", help="fixed, ticking or real."),
    as_json: bool = JsonOption,
) -> None:
    """Show or set the world clock."""
    change = {key: value for key, value in (("now", set_to), ("mode", mode)) if value}
    answer = (
        control("PUT", "/control/clock", json=change)
        if change
        else control("GET", "/control/clock")
    )
    print_facts("world clock", answer, as_json=as_json)


@app.command()
def reset(as_json: bool = JsonOption) -> None:
    """Forget everything the services received; bookings stay as seeded."""
    print_facts("reset", {"reset": control("POST", "/control/reset", json={})}, as_json=as_json)
