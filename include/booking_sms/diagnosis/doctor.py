"""All checks of an installation, in the order in which somebody would settle them."""

from __future__ import annotations

from collections.abc import Iterator

from booking_sms.bootstrap import Application
from booking_sms.diagnosis import machine, owned, services, storage
from booking_sms.diagnosis.finding import Check, Finding, look
from booking_sms.domain.errors import ConfigError


def diagnose(app: Application, *, fix: bool) -> list[Finding]:
    """Run every check; ``fix`` creates missing tables first. Never raises for a finding."""
    return [look(check) for check in checks_of(app, fix=fix)]


def diagnose_without(problem: ConfigError) -> list[Finding]:
    """What can be said when settings or connections cannot be used at all."""

    def see() -> str:
        raise problem

    configuration = Check(
        name="configuration",
        see=see,
        fix="fill in .env after env.template; to look around, make run (or booking-sms sandbox up)"
        " starts a world whose connections are found by themselves",
    )
    return [look(check) for check in (*machine.bare_checks(), configuration)]


def checks_of(app: Application, *, fix: bool = False) -> Iterator[Check]:
    """Machine, storage, the owner's files and switches, then the services."""
    yield from machine.checks(app)
    yield from storage.checks(app, fix=fix)
    yield from owned.checks(app)
    yield from services.checks(app)
