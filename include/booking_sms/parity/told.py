"""What rules tell colleagues in a scenario, as the pipeline would write it."""

from __future__ import annotations

from booking_sms.domain.catalog import Catalog
from booking_sms.domain.decision import WindowPlan
from booking_sms.domain.errors import BookingSmsError
from booking_sms.domain.rule import Action, RuleSet
from booking_sms.parity.outcome import Outcome, ParseBooking, decide, plan_of
from booking_sms.parity.scenario import Scenario
from booking_sms.pipeline.render_notice import render_notice


def decide_and_tell(scenario: Scenario, catalog: Catalog, parse: ParseBooking) -> Outcome:
    """The candidate's outcome; with ``slack``, a list of lines, if any rule of the set speaks so.

    A set without such a rule has no such key, as the predecessor had none.
    """
    outcome = decide(scenario, catalog.rules, catalog.stores, parse)
    if "error" in outcome or not speaks_in_slack(catalog.rules):
        return outcome
    try:
        plan = plan_of(scenario, catalog.rules, catalog.stores, parse)
        texts = told(plan, catalog, Action.SEND_SLACK)
    except BookingSmsError as error:
        return {"id": scenario.id, "error": f"{error.code}: {error}"}
    return {**outcome, "slack": [line for text in texts for line in text.split("\n")]}


def speaks_in_slack(rules: RuleSet) -> bool:
    """Whether any rule of the set sends a notice to Slack."""
    return any(rule.action is Action.SEND_SLACK for rule in rules.rules)


def told(plan: WindowPlan, catalog: Catalog, action: Action) -> list[str]:
    """Texts of the plan's notices by one way, in the order of the plan.

    A scenario knows no counts of a day, so a text that names them cannot be rendered.
    """
    return [
        render_notice(notice, plan.window, catalog.stores, catalog.messages, dict)
        for notice in plan.notices
        if notice.rule.action is action
    ]
