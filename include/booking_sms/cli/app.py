"""Entry point of ``booking-sms``; every command lives in a module named for its concern."""

from __future__ import annotations

import typer

from booking_sms.cli import (
    audit,
    bench,
    campaign,
    caps,
    control,
    doctor,
    faults,
    golden,
    guard,
    monitoring,
    outbox,
    parity,
    plan,
    readiness,
    repair,
    report,
    run,
    sandbox,
    watch,
    watchdog,
    windows,
)
from booking_sms.cli.composition import close_applications, described
from booking_sms.cli.console import fail, log_to_stderr
from booking_sms.domain.errors import BookingSmsError, ConfigError

app = typer.Typer(
    name="booking-sms",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Naver bookings into text messages, each accounted for.",
)
app.add_typer(sandbox.app, name="sandbox")
app.add_typer(outbox.app, name="outbox")
app.add_typer(control.app, name="control")
app.add_typer(repair.app, name="repair")
app.add_typer(parity.app, name="parity")
app.add_typer(readiness.app, name="readiness")
app.add_typer(faults.app, name="faults")
app.add_typer(bench.app, name="bench")
app.add_typer(golden.app, name="golden")
app.add_typer(campaign.app, name="campaign")
app.add_typer(report.app, name="report")
app.add_typer(monitoring.app, name="monitoring")
plan.register(app)
run.register(app)
audit.register(app)
guard.register(app)
doctor.register(app)
caps.register(app)
windows.register(app)
watch.register(app)
watchdog.register(app)


def main() -> None:
    """Run a command; a known error is one line on stderr and a non-zero exit."""
    log_to_stderr()
    try:
        app()
    except ConfigError as error:
        raise SystemExit(fail(described(error)).exit_code) from None
    except BookingSmsError as error:
        raise SystemExit(fail(f"{error.code}: {described(error)}", code=1).exit_code) from None
    except OSError as error:  # a folder that cannot be written, a file that is not there
        line = f"{error.strerror or type(error).__name__}: {error.filename or 'no file'}"
        raise SystemExit(fail(line, code=1).exit_code) from None
    finally:
        close_applications()


if __name__ == "__main__":
    main()
