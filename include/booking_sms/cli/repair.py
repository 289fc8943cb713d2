"""``booking-sms repair``: missed windows made good, read before it is done.

Preview, show, approve, execute. A preview sends nothing, an execution is a dry run unless told
otherwise, and only an approved plan is ever carried out.
"""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from typing import Any

import typer

from booking_sms import workflow
from booking_sms.cli import composition
from booking_sms.cli.console import JsonOption, fail, out, print_json, print_table
from booking_sms.pipeline.operator import Person
from booking_sms.pipeline.repair_plan import RepairPlan
from booking_sms.pipeline.repair_shown import document_of, report_of

app = typer.Typer(
    no_args_is_help=True, help="Make good for missed windows: preview, approve, execute."
)
PlanArgument = typer.Argument(help="Plan id as `repair preview` prints it.")
HashOption = typer.Option(..., "--hash", help="Hash of the plan, as its preview shows it.")
COLUMNS = ("booking, window", "to", "message", "outcome")
RESULT_COLUMNS = ("booking, window", "job", "kind", "approved", "became")


@app.command("preview")
def preview(
    since: str = typer.Option("", "--from", help="End of the first window, ISO with offset."),
    until: str = typer.Option("", "--to", help="End of the last window, ISO with offset."),
    store: list[str] = typer.Option([], "--store", help="This store only; may be repeated."),
    kind: list[str] = typer.Option([], "--kind", help="This kind only; may be repeated."),
    held: bool = typer.Option(False, "--held", help="Also all that waits for approval."),
    as_json: bool = JsonOption,
) -> None:
    """Show who would get which text and store it as a plan; nothing is sent or enqueued."""
    composed = composition.application()
    request = workflow.repair_request(composed, since, until, stores=store, kinds=kind, held=held)
    plan = workflow.preview_effects(composed, request, getpass.getuser())
    show_plan(plan, document_of(plan, composed.catalog().stores), as_json=as_json)
    if plan.failed_stores:
        told = ", ".join(f"{name} {code}" for name, code in sorted(plan.failed_stores.items()))
        raise fail(f"stores not read: {told}", code=1)
    if plan.over_caps:
        raise fail(f"plan {plan.plan_id} cannot be approved: {'; '.join(plan.over_caps)}", code=1)


@app.command("show")
def show(plan_id: str = PlanArgument, as_json: bool = JsonOption) -> None:
    """Show a stored plan, its approval and what was done."""
    composed = composition.application()
    plan = workflow.read_repair_plan(composed, plan_id)
    show_plan(plan, document_of(plan, composed.catalog().stores), as_json=as_json)


@app.command("approve")
def approve(
    plan_id: str = PlanArgument,
    plan_hash: str = HashOption,
    by: str = typer.Option(..., "--by", help="Who decides."),
    reason: str = typer.Option(..., "--reason", help="Why."),
    as_json: bool = JsonOption,
) -> None:
    """Allow this very plan within 30 minutes of its preview; it is not carried out yet."""
    person = Person(by=by, reason=reason)
    composed = composition.application()
    plan = workflow.approve_plan(composed, plan_id, plan_hash, person)
    document = document_of(plan, composed.catalog().stores)
    if as_json:
        print_json(document)
        return
    print_table(f"plan {plan_id}", ("what", "value"), (document["approval"] or {}).items())
    out.print(f"next: booking-sms repair execute {plan_id} --hash {plan_hash} --yes-send")


@app.command("execute")
def execute(
    plan_id: str = PlanArgument,
    plan_hash: str = HashOption,
    yes_send: bool = typer.Option(False, "--yes-send", help="Really: else only say what would be."),
    as_json: bool = JsonOption,
) -> None:
    """Carry an approved plan out: a subset of what was approved. A dry run writes nothing."""
    report = workflow.execute_plan(
        composition.application(), plan_id, plan_hash, dry_run=not yes_send
    )
    document = report_of(report)
    if as_json:
        print_json(document)
    else:
        _show_report(document)
    if report.pending:
        raise fail(f"{report.pending} messages wait: execute the plan again", code=1)


def show_plan(plan: RepairPlan, document: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a plan: the messages, why the others got nothing, the texts, the hash."""
    if as_json:
        print_json(document)
        return
    print_table("messages", COLUMNS, map(_row, document["messages"]))
    print_table("why not", ("rule and reason", "looks"), sorted(document["not_matched"].items()))
    undecided = [tuple(one.values()) for one in document["not_decided"]]
    if undecided:
        print_table("not decided", ("window", "booking", "reason"), undecided)
    for text in dict.fromkeys(map(_quoted, document["messages"])):
        out.print(text, highlight=False, markup=False, soft_wrap=True)
    print_table(f"plan {plan.plan_id}", ("what", "value"), _facts(document))
    if plan.approval is None:
        line = f"booking-sms repair approve {plan.plan_id} --hash {plan.plan_hash} --by --reason"
        out.print(f"next, within 30 minutes: {line}", soft_wrap=True, highlight=False)


def _quoted(item: Mapping[str, Any]) -> str:
    """A text below the tables, once however many get it."""
    return f"--- {item['rule']}, {item['store']}\n{item['text'] or item['reason']}"


def _row(item: Mapping[str, Any]) -> tuple[Any, ...]:
    weight = f"{item['type']} {item['bytes'] or '-'} bytes, {item['class']}"
    when = f" to {item['deferred_to']}" if item["deferred_to"] else ""
    reason = f": {item['reason']}" if item["reason"] else ""
    return (
        _booking(item),
        f"{item['store']} {item['recipient']}".strip(),
        f"{item['rule']} ({item['kind']})\n{weight}, {item['estimated_krw']} won",
        f"{item['outcome']}{reason}{when}\n({item['action']})",
    )


def _booking(one: Mapping[str, Any]) -> str:
    """``900101_7000000001`` over ``03-02 13:00``, the window's end in Korea."""
    return f"{one['booking']}\n{one['window'][5:16].replace('T', ' ')}"


def _facts(document: Mapping[str, Any]) -> list[tuple[str, Any]]:
    names = ("hash", "texts", "estimated_krw", "outcomes", "undecided", "failed_stores")
    facts = [(name, document[name]) for name in (*names, "over_caps", "created_at", "by")]
    approval, execution = document["approval"], document["execution"]
    facts += [("approved", f"{approval['by']}, {approval['at']}")] if approval else []
    return facts + ([("executed", execution["done_at"] or "begun")] if execution else [])


def _show_report(document: Mapping[str, Any]) -> None:
    rows = (
        (
            _booking(one),
            one["job_id"],
            one["kind"],
            one["planned"],
            f"{one['outcome']}: {one['reason']}" if one["reason"] else one["outcome"],
        )
        for one in document["results"]
    )
    print_table("dry run" if document["dry_run"] else "execution", RESULT_COLUMNS, rows)
    if document["repeated"]:
        out.print("It was executed before: nothing was changed.")
    print_table("in all", ("outcome", "messages"), document["outcomes"].items())
