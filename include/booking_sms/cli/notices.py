"""``booking-sms notices``: try the channels to the team, and read what is silent."""

from __future__ import annotations

import typer

from booking_sms.cli.composition import application
from booking_sms.cli.console import JsonOption, fail, print_json, print_table
from booking_sms.domain.booking import KST
from booking_sms.notify import Notice, Severity, read_silences

app = typer.Typer(no_args_is_help=True, help="Notices to the team: channels and silences.")


@app.command("test")
def try_channels(as_json: bool = JsonOption) -> None:
    """Send a marked test notice through every channel; exit 1 if one did not take it."""
    composed = application()
    delivery = composed.notices.test(
        Notice(
            key="notices#test",
            title="TEST: a test notice. Nobody has to act.",
            severity=Severity.INFO,
            where="booking-sms notices test",
            since=composed.clock.now(),
            runbook="notices-failed",
        )
    )
    if as_json:
        print_json(delivery.as_dict())
    else:
        rows = [(one.channel, one.status, one.reference) for one in delivery.receipts]
        print_table("taken", ("channel", "status", "proof"), rows)
    if delivery.failed or not delivery.receipts:
        raise fail(f"not taken: {', '.join(delivery.failed) or 'no channel is connected'}", code=1)


@app.command("silences")
def silences(as_json: bool = JsonOption) -> None:
    """What silences.yaml keeps silent today; refused with every problem of the file at once."""
    composed = application()
    now = composed.clock.now()
    found = read_silences(composed.settings.home, now).entries
    rows = [(one.key, one.issue, one.reason, one.expires.isoformat()) for one in found]
    names = ("key", "issue", "reason", "expires")
    if as_json:
        print_json({"silences": [dict(zip(names, row, strict=True)) for row in rows]})
    else:
        print_table(f"silences on {now.astimezone(KST):%Y-%m-%d}", names, rows)
