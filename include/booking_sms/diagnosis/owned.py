"""What the owner decides: files, what was applied, mode, switches, caps, metrics."""

from __future__ import annotations

from collections.abc import Iterator

from booking_sms.bootstrap import Application
from booking_sms.diagnosis.finding import Check
from booking_sms.domain.errors import BookingSmsError, SettingsInvalid
from booking_sms.pipeline.applied_catalog import standing
from booking_sms.pipeline.cap_watch import cap_line, is_holding
from booking_sms.workflow import look_at_caps


def checks(app: Application) -> Iterator[Check]:
    """Files first: nothing else can be judged without them."""
    yield Check(
        name="rules, messages, stores", see=lambda: _catalog(app), fix="booking-sms rules check"
    )
    yield Check(
        name="rules in use",
        see=lambda: standing(app.control, app.load_catalog),
        fix="booking-sms rules history",
    )
    yield Check(
        name="delivery mode",
        see=lambda: _mode(app),
        fix="booking-sms control show",
        severity="must",
    )
    yield Check(
        name="kill switches",
        see=lambda: _switches(app),
        fix="is it still meant? else: booking-sms control kill TARGET --off --by NAME --reason WHY",
        severity="should",
    )
    yield Check(
        name="caps",
        see=lambda: _caps(app),
        fix="is it right? then raise the setting: docs/runbook.md, Caps",
    )
    yield Check(
        name="metrics",
        see=lambda: _namespaces(app),
        fix="set BOOKING_SMS_METRICS_NAMESPACE and BOOKING_SMS_METRICS_COMPARISON_NAMESPACE",
        severity="should",
    )


def _catalog(app: Application) -> str:
    catalog = app.load_catalog()
    return f"rule set {catalog.rules.name}, {len(catalog.stores.stores)} stores"


def _mode(app: Application) -> str:
    mode = app.control.delivery_mode()
    return mode if mode == "live" else f"{mode}: jobs are made and wait, nothing is sent"


def _switches(app: Application) -> str:
    """None is on: a forgotten one stops texts for days."""
    on = sorted(app.control.kill_switches())
    if on:
        raise SettingsInvalid(f"on: {', '.join(on)}")
    return "none is on"


def _caps(app: Application) -> str:
    """No cap holds texts of information."""
    standings = look_at_caps(app)
    holding = [cap_line(standing) for standing in standings if is_holding(standing)]
    if holding:
        raise BookingSmsError("; ".join(holding))
    return "; ".join(cap_line(standing) for standing in standings)


def _namespaces(app: Application) -> str:
    settings = app.settings
    named = (settings.metrics_namespace, settings.metrics_comparison_namespace)
    if "off" in named:
        raise SettingsInvalid("metrics are off: no alarm can fire")
    return ", ".join(named)
