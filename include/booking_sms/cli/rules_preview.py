"""``booking-sms rules preview``: who would get what in a window; nothing is written or sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import typer

from booking_sms.adapters.naver.parsing import parse_booking
from booking_sms.bootstrap import Application
from booking_sms.cli import composition
from booking_sms.cli.catalogs import catalog_of, settings
from booking_sms.cli.console import JsonOption, fail, instant_of, out, print_json, print_table
from booking_sms.cli.scenarios import scenario_of
from booking_sms.domain.catalog import Catalog
from booking_sms.domain.errors import SessionExpired
from booking_sms.domain.ledger import Ledger
from booking_sms.domain.window import WINDOW_LENGTH, Window
from booking_sms.parity.outcome import bookings_of
from booking_sms.pipeline.applied_catalog import live_catalog, rule_set_in_use
from booking_sms.pipeline.changes import ChangePlanner
from booking_sms.pipeline.day_totals import day_totals
from booking_sms.pipeline.effects import Effect, Effects, effects_of
from booking_sms.pipeline.gather import gather_ledger
from booking_sms.pipeline.lint import SAMPLE_TOTALS
from booking_sms.pipeline.live import LiveBookings, read_stores
from booking_sms.pipeline.plan import plan_window
from booking_sms.pipeline.preview import PlaceholderSecrets
from booking_sms.pipeline.resend import TextMaker

LogInOption = typer.Option(False, "--log-in", help="Log in, as a run would, if need be.")
EXPIRED = SessionExpired.__name__
LOG_IN_HINT = "the next run logs in, or give --log-in, which writes the new session"
LIVE = "live"
"""Instead of a rule set's name: what was applied, or the last window was decided by."""
COLUMNS = ("rule", "to", "message", "goes", "held")


def preview(
    rules: str = typer.Option("", "--rules", help="Rule set; live: as applied; default: in use."),
    at: str = typer.Option("", "--at", help="End of the window, ISO with offset; default: next."),
    store: str = typer.Option("", "--store", help="One store only."),
    scenarios: Path | None = typer.Option(None, "--scenarios", help="Offline: scenarios, JSONL."),
    scenario: str = typer.Option("", "--id", help="Offline: id of the scenario."),
    log_in: bool = LogInOption,
    as_json: bool = JsonOption,
) -> None:
    """Show who would get which text in a window, and why others would not.

    Reads bookings and the outbox as the pipeline does. It writes no table and sends nothing.
    """
    if bool(scenarios) != bool(scenario):
        raise fail("--scenarios and --id go together")
    if scenarios and (at or store):
        raise fail("a scenario has its own instant and stores: leave --at and --store out")
    if scenarios:
        catalog = named_catalog(rules or settings().rule_set)
        show(_offline(scenarios, scenario, catalog), {}, as_json=as_json)
        return
    app = composition.application()
    catalog = named_catalog(rules or rule_set_in_use(app.control, app.settings.rule_set), app)
    app.use_catalog(catalog, may_log_in=log_in)
    window = Window(instant_of("--at", at)) if at else next_window(app.clock.now())
    read = read_stores(app.source, chosen_stores(catalog, store), window, app.clock.now())
    show(_live(app, catalog, window, read), read_facts(read), as_json=as_json)
    refuse_gaps(read)


def named_catalog(name: str, app: Application | None = None) -> Catalog:
    """A rule set's files, or what is live."""
    if name != LIVE:
        return catalog_of(name)
    live = live_catalog((app or composition.application()).control)
    if live is None:
        raise fail("nothing is live yet: no window was decided and nothing applied")
    return live


def chosen_stores(catalog: Catalog, store: str) -> tuple[str, ...]:
    """One store, which must exist, or all in the order of decisions."""
    return (catalog.stores.get(store).store_id,) if store else tuple(catalog.stores.stores)


def next_window(now: datetime) -> Window:
    """The window under way: it ends at the next :00, :20 or :40."""
    past = timedelta(minutes=now.minute % 20, seconds=now.second, microseconds=now.microsecond)
    return Window(now - past + WINDOW_LENGTH if past else now)


def read_facts(read: LiveBookings) -> dict[str, Any]:
    """What was read, in counts."""
    return {
        "bookings": len(read.bookings),
        "quarantined": read.quarantined,
        "unknown_then": read.unknown_then,
        "failed_stores": dict(read.failed),
    }


def refuse_gaps(read: LiveBookings) -> None:
    """End with exit code 1 if a store is missing from what was shown."""
    if read.failed:
        told = ", ".join(f"{store} {code}" for store, code in sorted(read.failed.items()))
        hint = f"; {LOG_IN_HINT}" if EXPIRED in read.failed.values() else ""
        raise fail(f"stores not read: {told}{hint}", code=1)


def _live(app: Application, catalog: Catalog, window: Window, read: LiveBookings) -> Effects:
    ledger = gather_ledger(
        app.ledger,
        app.jobs,
        read.bookings,
        catalog.rules,
        foresee=_changes(app, catalog, window).foresee,
    )
    plan = plan_window(
        read.bookings, ledger, catalog.rules, catalog.stores, window, app.rollout_stages()
    )
    totals = partial(day_totals, window.as_of, app.stage, app.sealer, app.jobs, catalog.stores)
    return effects_of(plan, catalog, app.settings.prices, now=app.clock.now(), day_totals=totals)


def _changes(app: Application, catalog: Catalog, window: Window) -> ChangePlanner:
    """As the window itself would: what waits for a booking that changed makes room first."""
    maker = TextMaker(
        catalog=catalog,
        secrets=PlaceholderSecrets(),
        hmac_key=app.connections.own.hmac_key,
        code_version=app.code_version,
    )
    return ChangePlanner(maker, is_old=window.is_old(app.clock.now()))


def _offline(path: Path, wanted: str, catalog: Catalog) -> Effects:
    scenario = scenario_of(path, wanted)
    bookings = list(bookings_of(scenario, parse_booking))
    ledger = Ledger({row.key: row for row in scenario.ledger_before})
    window = Window(scenario.now)
    plan = plan_window(bookings, ledger, catalog.rules, catalog.stores, window)
    return effects_of(
        plan, catalog, settings().prices, now=scenario.now, day_totals=lambda: SAMPLE_TOTALS
    )


def show(effects: Effects, read: Mapping[str, Any], *, as_json: bool) -> None:
    """Print the effects, with what was read."""
    document = effects.as_dict()
    if as_json:
        print_json({**document, "read": dict(read)})
        return
    title = f"{effects.rule_set}, window {effects.window}"
    print_table(f"texts, {title}", COLUMNS, map(_row, effects.texts))
    print_table("notices", COLUMNS, map(_row, effects.notices))
    print_table("why not", ("rule and reason", "bookings"), sorted(effects.skipped.items()))
    if effects.failures:
        print_table("could not be decided", ("booking", "reason"), effects.failures)
    facts = {**read, "would leave": document["would_leave"], "won": document["estimated_krw"]}
    print_table("in all (prices are estimates)", ("what", "value"), facts.items())
    for text in dict.fromkeys(_quoted(one) for one in (*effects.texts, *effects.notices)):
        out.print(text, highlight=False, markup=False, soft_wrap=True)


def _row(effect: Effect) -> tuple[Any, ...]:
    return (
        f"{effect.rule} ({effect.kind})",
        f"{effect.store} {effect.recipient}".strip(),
        _weighed(effect),
        f"{effect.stage}, {effect.timing}",
        effect.held,
    )


def _weighed(effect: Effect) -> str:
    """``LMS 586 bytes, information, 30 won``; a notice weighs nothing."""
    if effect.bytes_used is None:
        return effect.message_type
    size = f"{effect.message_type} {effect.bytes_used} bytes"
    return f"{size}, {effect.message_class}, {effect.estimated_krw} won"


def _quoted(effect: Effect) -> str:
    """A text below the tables, once however many get it."""
    return f"--- {effect.rule}, {effect.store or effect.channel}\n{effect.text or effect.held}"
