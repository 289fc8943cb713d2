"""``booking-sms control``: delivery mode, kill switches and rollout, with who and why."""

from __future__ import annotations

from typing import Any

import typer

from booking_sms.bootstrap import Application
from booking_sms.cli.composition import application
from booking_sms.cli.console import JsonOption, fail, print_facts
from booking_sms.pipeline.going_live import go_live
from booking_sms.pipeline.operator import Person
from booking_sms.pipeline.send_gate import LIVE

app = typer.Typer(
    no_args_is_help=True, help="What may be sent; every change has a name and a reason."
)

MODES = ("live", "off", "comparison")
ByOption = typer.Option(..., "--by", help="Who changes it.")
ReasonOption = typer.Option(..., "--reason", help="Why.")


@app.command()
def show(as_json: bool = JsonOption) -> None:
    """Delivery mode, kill switches and rollout stages as the client will see them."""
    composed = application()
    stages = {
        rule.name: composed.control.rollout_stage(rule.name) or rule.rollout
        for rule in composed.catalog().rules.rules
    }
    facts = {
        "delivery_mode": composed.control.delivery_mode(),
        "kill_switches": sorted(composed.control.kill_switches()),
        "rollout": stages,
    }
    print_facts("control", facts, as_json=as_json)


@app.command("set-mode")
def set_mode(
    mode: str = typer.Argument(help="live, off or comparison."),
    by: str = ByOption,
    reason: str = ReasonOption,
    store: str = typer.Option("", help="One store only."),
    as_json: bool = JsonOption,
) -> None:
    """Set the delivery mode; absent means off, so a fresh production cannot send.

    Before it becomes live, texts that were due more than a window ago are held for approval.
    """
    if mode not in MODES:
        raise fail(f"unknown mode {mode!r}; choose one of {', '.join(MODES)}")
    composed = application()
    if store:
        composed.catalog().stores.get(store)
    facts: dict[str, Any] = {"store": store or "all", "delivery_mode": mode}
    if mode == LIVE:
        facts |= _go_live(composed, Person(by=by, reason=reason), store or None)
    else:
        composed.control.set_delivery_mode(mode, by=by, reason=reason, store_id=store or None)
    print_facts("control", facts, as_json=as_json)


def _go_live(app: Application, person: Person, store_id: str | None) -> dict[str, Any]:
    """What was held on the way, and how a person looks at it."""
    held = go_live(app.control, app.jobs, app.clock, person, store_id)
    if not held.number:
        return {"held": 0}
    return {
        "held": held.number,
        "plan_hash": held.plan_hash,
        "next": "booking-sms repair preview --held",
    }


@app.command()
def kill(
    target: str = typer.Argument(help="all, store:ID or rule:NAME."),
    by: str = ByOption,
    reason: str = ReasonOption,
    off: bool = typer.Option(False, "--off", help="Release the switch."),
    as_json: bool = JsonOption,
) -> None:
    """Throw or release a kill switch; jobs are made and wait."""
    kind, _, name = target.partition(":")
    if target != "all" and (kind not in {"store", "rule"} or not name):
        raise fail(f"unknown target {target!r}; write all, store:ID or rule:NAME")
    composed = application()
    if not off:
        refuse_unknown(composed, kind, name)
    composed.control.set_kill_switch(target, not off, by=by, reason=reason)
    print_facts("control", {"kill_switch": target, "active": not off}, as_json=as_json)


@app.command()
def rollout(
    rule: str = typer.Argument(help="Name of the rule."),
    stage: str = typer.Argument(help="shadow, store:ID or all."),
    by: str = ByOption,
    reason: str = ReasonOption,
    as_json: bool = JsonOption,
) -> None:
    """Set a rule's rollout stage."""
    composed = application()
    refuse_unknown(composed, "rule", rule)
    kind, _, name = stage.partition(":")
    if stage not in {"shadow", "all"} and kind != "store":
        raise fail(f"unknown stage {stage!r}; write shadow, store:ID or all")
    refuse_unknown(composed, kind, name)
    composed.control.set_rollout_stage(rule, stage, by=by, reason=reason)
    print_facts("control", {"rule": rule, "stage": stage}, as_json=as_json)


def refuse_unknown(app: Application, kind: str, name: str) -> None:
    """A switch for a store or rule that does not exist would protect nobody."""
    if kind == "store":
        app.catalog().stores.get(name)
    known = sorted(rule.name for rule in app.catalog().rules.rules) if kind == "rule" else []
    if kind == "rule" and name not in known:
        raise fail(f"unknown rule {name!r}; known: {', '.join(known)}")


@app.command("reset-session")
def reset_session(
    by: str = ByOption, reason: str = ReasonOption, as_json: bool = JsonOption
) -> None:
    """After a person has settled what Naver asked for: logins may be tried again."""
    application().session.reset(by=f"{by}: {reason}")
    print_facts("control", {"session": "EXPIRED", "next": "the next run logs in"}, as_json=as_json)
