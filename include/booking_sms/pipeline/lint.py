"""Every text at every store for every booking: what would be held, before anybody waits for it.

A text that no rule of the set names is looked at as well: the next rule may name it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from booking_sms.domain.booking import Booking
from booking_sms.domain.catalog import Catalog
from booking_sms.domain.decision import Notice
from booking_sms.domain.errors import BookingSmsError
from booking_sms.domain.message import MessageType
from booking_sms.domain.rule import Rule
from booking_sms.domain.template import ADVERTISING_LABEL, MessageTemplate
from booking_sms.domain.window import Window
from booking_sms.pipeline.day_totals import GROUPS
from booking_sms.pipeline.preview import PlaceholderSecrets, sample_decision
from booking_sms.pipeline.render import render
from booking_sms.pipeline.render_notice import render_notice

SAMPLE_TOTALS: Mapping[str, Any] = {
    **dict.fromkeys((*GROUPS, "planned", "undelivered"), 0),
    "kinds": {},
    "stores": {},
}
"""A day on which nothing happened: what a digest's text may name of it."""
CLASS_CHANGES = "ClassChanges"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong with a text, however many bookings show it; ``booking`` is one.

    A warning changes what a text costs, an error keeps it back.
    """

    template: str
    store: str
    problem: str
    detail: str
    bookings: int
    booking: str
    is_error: bool = True

    def as_dict(self) -> dict[str, Any]:
        """JSON-able; names no person."""
        return {
            "template": self.template,
            "store": self.store,
            "problem": self.problem,
            "detail": self.detail,
            "bookings": self.bookings,
            "booking": self.booking,
            "severity": "error" if self.is_error else "warning",
        }


@dataclass(frozen=True, kw_only=True)
class LintReport:
    """What was looked at, and everything found, by template and store."""

    templates: int
    rendered: int
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        """Findings that keep a text back."""
        return sum(finding.is_error for finding in self.findings)


def lint(catalog: Catalog, bookings: Sequence[Booking]) -> LintReport:
    """Render every template; ``bookings`` are looked at as if each store had them."""
    rendered, findings = 0, list[Finding]()
    for rule in sample_rules(catalog):
        for store_id in rule.stores or tuple(catalog.stores.stores):
            look = _Look(rule, store_id)
            look.at(catalog, bookings)
            rendered += look.rendered
            findings += look.findings()
    return LintReport(
        templates=len(catalog.messages.templates),
        rendered=rendered,
        findings=tuple(dict.fromkeys(findings)),
    )


def sample_rules(catalog: Catalog) -> Iterator[Rule]:
    """Each rule with a text, then an invented rule for each text that no rule names."""
    named = [rule for rule in catalog.rules.rules if rule.template]
    yield from named
    for template in catalog.messages.templates.values():
        if template.name not in {rule.template for rule in named}:
            yield Rule.model_validate(_rule_for(template))


def _rule_for(template: MessageTemplate) -> dict[str, Any]:
    sources = "".join(template.sources.values())
    common = {
        "name": f"text-{template.name}",
        "kind": "sample",
        "template": template.name,
        "when": {"type": "booking_status", "status": "confirmed"},
        "not_after": {"as_of": "1h"},
    }
    if template.form == "notice":
        scope = "run" if "bookings" in sources else "booking"
        return {**common, "action": "send_slack", "scope": scope, "occurrence": "per_day"}
    if ADVERTISING_LABEL in sources:
        return {**common, "message_class": "advertising", "allowed_hours": "09:00-20:00"}
    return {**common, "message_class": "information"}


@dataclass
class _Look:
    """One text at one store, for one booking after the other."""

    rule: Rule
    store_id: str
    rendered: int = 0
    problems: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    types: dict[MessageType, list[str]] = field(default_factory=dict)

    def at(self, catalog: Catalog, bookings: Iterable[Booking]) -> None:
        """Render the text for every booking; a text that names none is the same for all."""
        here = [replace(booking, store_id=self.store_id) for booking in bookings]
        for booking in here if self._names_bookings(catalog) else here[:1]:
            self.rendered += 1
            try:
                self._render(catalog, booking)
            except BookingSmsError as error:
                said = self.problems.setdefault((error.code, str(error)), [])
                said.append(booking.booking_num)

    def findings(self) -> Iterator[Finding]:
        """What was found, grouped by what is wrong."""
        for (problem, detail), numbers in self.problems.items():
            yield self._finding(problem, detail, numbers)
        if len(self.types) > 1:
            rarer = min(self.types.values(), key=len)
            counts = ", ".join(f"{name} {len(found)}" for name, found in self.types.items())
            yield self._finding(CLASS_CHANGES, counts, rarer, is_error=False)

    def _names_bookings(self, catalog: Catalog) -> bool:
        template = catalog.messages.get(self.rule.template)
        sources = (template.subject, *template.sources.values())
        return any("booking" in source for source in sources)

    def _render(self, catalog: Catalog, booking: Booking) -> None:
        if self.rule.is_notice:
            notice = _notice(self.rule, booking)
            window = Window(booking.starts_at)
            render_notice(notice, window, catalog.stores, catalog.messages, lambda: SAMPLE_TOTALS)
            return
        decision = sample_decision(self.rule, booking)
        message = render(decision, catalog.stores, catalog.messages, PlaceholderSecrets())
        self.types.setdefault(message.message_type, []).append(booking.booking_num)

    def _finding(
        self, problem: str, detail: str, numbers: list[str], *, is_error: bool = True
    ) -> Finding:
        return Finding(
            template=self.rule.template,
            store=self.store_id,
            problem=problem,
            detail=detail,
            bookings=len(numbers),
            booking=numbers[0],
            is_error=is_error,
        )


def _notice(rule: Rule, booking: Booking) -> Notice:
    return Notice(
        rule=rule,
        number=booking.booking_num,
        bookings=(booking,),
        occurrence="lint",
        not_before=booking.starts_at,
        not_after=booking.starts_at,
    )
