"""All checks of an installation, in the order in which somebody would settle them."""

from __future__ import annotations

from collections.abc import Iterator

from booking_sms.bootstrap import Application
from booking_sms.diagnosis import machine, owned, services, storage
from booking_sms.diagnosis.finding import Check, Finding, look


def diagnose(app: Application, *, fix: bool) -> list[Finding]:
    """Run every check; ``fix`` creates missing tables first. Never raises for a finding."""
    return [look(check) for check in checks_of(app, fix=fix)]


def checks_of(app: Application, *, fix: bool = False) -> Iterator[Check]:
    """Machine, storage, the owner's files and switches, then the services."""
    yield from machine.checks(app)
    yield from storage.checks(app, fix=fix)
    yield from owned.checks(app)
    yield from services.checks(app)
