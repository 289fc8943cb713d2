"""What rules will decide in the hours to come, on the bookings of now: a fold over windows.

Each window sees the projected effects of those before it. What customers do in the meantime
(new bookings, cancellations, visits that are completed) is not foreseen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from booking_sms.domain.booking import Booking
from booking_sms.domain.catalog import Catalog
from booking_sms.domain.decision import Decision, Notice, WindowPlan
from booking_sms.domain.errors import MessageTextMissing
from booking_sms.domain.ledger import JobName, Ledger, LedgerKey, Promise
from booking_sms.domain.phone import mask_phone, recipient_of
from booking_sms.domain.window import WINDOW_LENGTH, Window
from booking_sms.pipeline.history import key_of
from booking_sms.pipeline.live import asked_for
from booking_sms.pipeline.plan import plan_window


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """One message to come. ``stage`` is live or shadow; ``due_at`` when it would go at first.

    ``booking`` is the job's partition, ``digest#RULE`` of a digest; ``text_digest`` tells one
    wording from another; ``shown`` is the recipient masked, or the channel of a notice.
    """

    rule: str
    kind: str
    booking: str
    store_id: str
    recipient: str = field(repr=False)
    shown: str
    occurrence: str
    stage: str
    due_at: datetime
    text_digest: str

    @property
    def name(self) -> tuple[str, ...]:
        """What a shadow rule, which remembers nothing, must not be counted for twice."""
        return (self.booking, self.kind, self.recipient, self.occurrence, self.stage)


def windows_ahead(first: Window, span: timedelta) -> tuple[Window, ...]:
    """The windows that end within ``span``, the first included."""
    count = max(1, span // WINDOW_LENGTH)
    return tuple(Window(first.as_of + number * WINDOW_LENGTH) for number in range(count))


def forecast(
    bookings: Sequence[Booking],
    ledger: Ledger,
    catalog: Catalog,
    windows: Iterable[Window],
    stages: Mapping[str, str],
    on_window: Callable[[], object] = lambda: None,
) -> tuple[Foreseen, ...]:
    """Every message that these windows would decide, in order; ``on_window`` is told of each."""
    found: dict[tuple[str, ...], Foreseen] = {}
    for window in windows:
        plan = plan_window(
            asked_for(bookings, window), ledger, catalog.rules, catalog.stores, window, stages
        )
        for message in _messages(plan, catalog):
            found.setdefault(message.name, message)
        ledger = projected(plan)
        on_window()
    return tuple(found.values())


def projected(plan: WindowPlan) -> Ledger:
    """The ledger that the next window would see if this plan had been loaded."""
    decided = (one for one in plan.decisions if not one.shadow)
    told = (one for one in plan.notices if not one.shadow)
    promised = [
        *((*key_of(one.booking), one.kind, one.occurrence) for one in decided),
        *((one.number, "", one.rule.kind, one.occurrence) for one in told),
    ]
    after = plan.ledger_after
    return replace(
        after,
        jobs=after.jobs | frozenset(promised),
        promises=_with_promises(after.promises, promised, plan.window.name),
    )


def _with_promises(
    promises: Mapping[LedgerKey, tuple[Promise, ...]], promised: Iterable[JobName], window: str
) -> dict[LedgerKey, tuple[Promise, ...]]:
    more = dict(promises)
    for number, phone, kind, _ in promised:
        promise = Promise(kind=kind, window=window)
        more[number, phone] = (*more.get((number, phone), ()), promise)
    return more


def _messages(plan: WindowPlan, catalog: Catalog) -> Iterator[Foreseen]:
    for decision in plan.decisions:
        booking, recipient = decision.booking, recipient_of(decision.phone)
        yield _foreseen(
            decision, booking.booking_num, booking.store_id, recipient, plan.window, catalog
        )
    for notice in plan.notices:
        channel = notice.rule.action.channel
        yield _foreseen(notice, notice.number, notice.store_id, channel, plan.window, catalog)


def _foreseen(
    decided: Decision | Notice,
    number: str,
    store_id: str,
    recipient: str,
    window: Window,
    catalog: Catalog,
) -> Foreseen:
    rule = decided.rule
    return Foreseen(
        rule=rule.name,
        kind=rule.kind,
        booking=number,
        store_id=store_id,
        recipient=recipient,
        shown=recipient if rule.is_notice else mask_phone(recipient),
        occurrence=decided.occurrence,
        stage="shadow" if decided.shadow else "live",
        due_at=max(decided.not_before, window.as_of),
        text_digest=_text_digest(rule.template, store_id, catalog),
    )


def _text_digest(template: str, store_id: str, catalog: Catalog) -> str:
    try:
        return catalog.messages.get(template).digest_for(store_id)
    except MessageTextMissing:
        return ""
