"""``python -m sandbox legacy``: rehearse (JSON lines), run (one run against a living world)."""

import argparse
import json
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from sandbox.clock import KST, parse_instant
from sandbox.legacy.bugs import Bug
from sandbox.legacy.rehearsal import serve
from sandbox.legacy.run import Outcome


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Add the stand-in's commands."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    text = "answer JSON lines from stdin; the caller owns time"
    commands.add_parser("rehearse", help=text, description=text).set_defaults(run=_rehearse)
    text = "one run against a living world: reads its booking API, writes its sms table"
    command = commands.add_parser("run", help=text, description=text)
    command.add_argument("--dir", type=Path, required=True, help="the world's folder")
    command.add_argument("--at", type=parse_instant, help="instant of the run; default: its clock")
    names = [bug.value for bug in Bug]
    command.add_argument("--bug", action="append", default=[], choices=names)
    command.add_argument("--pause", type=float, default=0.0, help="seconds before each write")
    command.add_argument("--table-prefix", default="", help="as the pipeline's")
    text = "also send its texts through the world's SENS; needs --texts"
    command.add_argument("--send", action="store_true", help=text)
    text = "JSON: confirm, guide and event, each one text or a text for each store"
    command.add_argument("--texts", type=Path, help=text)
    command.set_defaults(run=_run)


def _rehearse(options: argparse.Namespace) -> int:
    serve(sys.stdin, sys.stdout)
    return 0


def _run(options: argparse.Namespace) -> int:
    import httpx  # the rehearsal needs none of these

    from sandbox.legacy.live import NO_TEXTS, Place, live_run
    from sandbox.legacy.wire import TextGateway
    from sandbox.state_file import stored_recipe
    from sandbox.supervisor.folder import WorldFolder
    from sandbox.supervisor.lifecycle import status

    folder = WorldFolder(options.dir)
    facts = status(folder)
    recipe = stored_recipe(folder.state)
    if not facts["running"] or recipe is None:
        sys.stderr.write("sandbox: no world is running there\n")
        return 1
    if options.send and options.texts is None:
        sys.stderr.write("sandbox: --send needs --texts: what the texts say\n")
        return 2
    control = f"{facts['urls']['control']}/control"
    config = httpx.get(f"{control}/config", trust_env=False).json()
    now = httpx.get(f"{control}/clock", trust_env=False).json()["now"]
    place = Place(
        urls=facts["urls"],
        login_id=config["naver"]["login_id"],
        password=config["naver"]["password"],
        stores=recipe.store_ids,
        table_prefix=options.table_prefix,
    )
    at = (options.at or parse_instant(now)).astimezone(KST)
    texts = json.loads(options.texts.read_text()) if options.texts else NO_TEXTS
    bugs = frozenset(Bug(name) for name in options.bug)
    done = live_run(place, at, bugs, options.pause, texts)
    told = _told(at, done)
    if options.send:
        gateway = TextGateway(facts["urls"]["sens"], config["sens"])
        taken = [gateway.send(text) for text in done.sent]
        gateway.close()
        told |= {"sent": sum(taken), "refused": len(taken) - sum(taken)}
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


def _told(at: datetime, done: Outcome) -> dict[str, Any]:
    writes = Counter(write["op"] for write in done.writes)
    return {"at": at.isoformat(), "writes": dict(writes), "aborted": done.aborted}
