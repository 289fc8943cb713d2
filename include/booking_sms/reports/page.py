"""The report as one HTML file that opens offline: no script, no outside address, no person."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from booking_sms.domain.booking import KST
from booking_sms.domain.price import plain_number
from booking_sms.pipeline.summary import WORD_OF_KIND
from booking_sms.reports.plot import Bars
from booking_sms.reports.texts import TextReport


def page(report: TextReport) -> str:
    """The whole document."""
    return (
        environment()
        .get_template("texts.html")
        .render(
            first=report.first,
            last=report.last,
            made_at=report.made_at.astimezone(KST).strftime("%Y-%m-%d %H:%M"),
            totals=report.totals(),
            unreadable=report.unreadable,
            kept_since=report.kept_since.isoformat()
            if report.kept_since and report.is_partly_erased
            else "",
            by_day=_by_day(report).drawn(),
            by_hour=_by_hour(report).drawn(),
            stores=_stores(report),
            kinds=_kinds(report),
        )
    )


def environment() -> Environment:
    """Templates of this package; a name that is not given is an error."""
    made = Environment(
        loader=PackageLoader("booking_sms.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["number"] = lambda value: f"{value:,}"
    return made


def word_of(kind: str) -> str:
    """A kind as the owner knows it."""
    return f"{WORD_OF_KIND[kind]} ({kind})" if kind in WORD_OF_KIND else kind


def _kinds(report: TextReport) -> list[str]:
    return [word_of(kind) for (kind,) in sorted(report.accepted_by("kind"))]


def _by_day(report: TextReport) -> Bars:
    counted = report.accepted_by("day", "kind").items()
    # Without the year, the first and the last day of a long report have one name.
    label = "%Y-%m-%d" if report.first.year != report.last.year else "%m-%d"
    values = {(f"{day:{label}}", word_of(kind)): number for (day, kind), number in counted}
    return Bars([f"{day:{label}}" for day in report.days], _kinds(report), values)


def _by_hour(report: TextReport) -> Bars:
    counted = report.accepted_by("hour", "kind").items()
    values = {(f"{hour:02}", word_of(kind)): number for (hour, kind), number in counted}
    return Bars([f"{hour:02}" for hour in range(24)], _kinds(report), values)


def _stores(report: TextReport) -> list[dict[str, Any]]:
    """A row a store: accepted by kind, and what became of all of them."""
    by_kind = report.accepted_by("store", "kind")
    found: dict[str, dict[str, Any]] = {}
    for row in report.rows:
        store = found.setdefault(
            row.place.store,
            {"store": row.place.store, "alias": row.alias, "krw": Decimal(0)}
            | dict.fromkeys(("accepted", "delivered", "undelivered", "refused"), 0),
        )
        for name in ("accepted", "delivered", "undelivered", "refused"):
            store[name] += getattr(row, name)
        store["krw"] += row.krw
    kinds = [kind for (kind,) in sorted(report.accepted_by("kind"))]
    for store_id, store in found.items():
        store["krw"] = plain_number(store["krw"])
        store["kinds"] = [by_kind[store_id, kind] for kind in kinds]
    return [found[store_id] for store_id in sorted(found)]
