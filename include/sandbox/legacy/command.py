"""``python -m sandbox legacy``: rehearse (JSON lines), run (one real run over the wire)."""

import argparse
import sys

from sandbox.legacy.rehearsal import serve


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Add the stand-in's commands."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    text = "answer JSON lines from stdin; the caller owns time"
    rehearse = commands.add_parser("rehearse", help=text, description=text)
    rehearse.set_defaults(run=_rehearse)


def _rehearse(options: argparse.Namespace) -> int:
    serve(sys.stdin, sys.stdout)
    return 0
