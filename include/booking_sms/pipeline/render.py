"""Turns a decision into the text that goes out, or says why it cannot.

Jinja2 in a sandbox and strict: a variable without a value holds the message, it is never sent
half. Secrets are looked up here and nowhere earlier, only those that the text really uses.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from booking_sms.domain.booking import KST, Booking
from booking_sms.domain.decision import Decision
from booking_sms.domain.errors import TextUnresolved
from booking_sms.domain.message import MessageClass, RenderedMessage, choose_type, sens_bytes
from booking_sms.domain.phone import mask_phone
from booking_sms.domain.store import Store, StoreDirectory
from booking_sms.domain.template import (
    MessageCatalog,
    MessageTemplate,
    check_advertising,
    check_subject,
)
from booking_sms.ports import SecretSource

SECRET_PREFIX = "secret:"  # noqa: S105 (the mark of a reference, not a secret)
WEEKDAYS = "월화수목금토일"


def render(
    decision: Decision, stores: StoreDirectory, catalog: MessageCatalog, secrets: SecretSource
) -> RenderedMessage:
    """Render the message of a decision.

    Raises UnknownStore, MessageTextMissing, SecretMissing, TextUnresolved, TextNotEncodable,
    TextTooLong (SENS would cut silently) or TextNotLawful; each one holds the job.
    """
    rule, booking = decision.rule, decision.booking
    store = stores.get(booking.store_id)
    template = catalog.get(rule.template)
    source = template.text_for(store.store_id)
    values = variables(booking, store, stores, secrets)
    subject = fill(template.subject, values, catalog, template)
    content = fill(source, values, catalog, template)
    check_subject(subject)
    if rule.message_class is MessageClass.ADVERTISING:
        check_advertising(content, stores.brand)
    return RenderedMessage(
        content=content,
        subject=subject,
        message_type=choose_type(content, force_lms=template.form == "LMS"),
        message_class=rule.message_class,
        sender=stores.sender_for(store.store_id, store_specific=rule.store_specific_sender),
        template=template.name,
        template_digest=template.digest_for(store.store_id),
        bytes_used=sens_bytes(content),
    )


def fill(
    source: str, values: dict[str, Any], catalog: MessageCatalog, template: MessageTemplate
) -> str:
    """Fill the variables in, then replace characters by the declared table.

    Raises TextUnresolved naming the template and the variable, never a value.
    """
    try:
        text = compiled(source).render(values)
    except TemplateError as error:
        raise TextUnresolved(template=template.name, why=error.message) from None
    except (TypeError, ValueError, ArithmeticError) as error:
        raise TextUnresolved(template=template.name, why=type(error).__name__) from None
    return text.translate({ord(bad): good for bad, good in catalog.replacements.items()})


@lru_cache(maxsize=512)
def compiled(source: str) -> Template:
    """A compiled template; sources are few and come back for every booking."""
    environment = SandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.from_string(source)


def variables(
    booking: Booking, store: Store, stores: StoreDirectory, secrets: SecretSource
) -> dict[str, Any]:
    """Everything that a text may name."""
    return {
        "booking": booking_values(booking),
        "store": StoreValues(store, secrets),
        "brand": stores.brand,
        "opt_out_number": stores.opt_out_number,
    }


def booking_values(booking: Booking) -> dict[str, Any]:
    """``booking.*``: what texts may say of a booking, the phone only masked."""
    digits = "".join(ch for ch in booking.phone if ch.isdigit())
    return {
        "booking_num": booking.booking_num,
        "book_id": booking.booking_id,
        "name": booking.name,
        "phone_masked": mask_phone(booking.phone),
        "phone_last4": digits[-4:],
        "date": korean_date(booking.starts_at),
        "time": f"{booking.starts_at.astimezone(KST):%H:%M}",
        "end_time": f"{booking.ends_at.astimezone(KST):%H:%M}",
        "booking_time": booking.booking_time,
        "status": booking.status.value,
        "options": list(booking.option_names),
        "fields": dict(booking.fields),
    }


def korean_date(instant: datetime) -> str:
    """``3월 2일(월)``."""
    day = instant.astimezone(KST)
    return f"{day.month}월 {day.day}일({WEEKDAYS[day.weekday()]})"


class StoreValues:
    """``store.*``: the store's own fields and facts; a secret is resolved when it is named."""

    def __init__(self, store: Store, secrets: SecretSource) -> None:
        own = {"id": store.store_id, "name": store.name, "alias": store.alias}
        self._values = {**store.facts, **own}
        self._secrets = secrets

    def __getitem__(self, name: str) -> Any:
        value = self._values[name]
        if isinstance(value, str) and value.startswith(SECRET_PREFIX):
            return self._secrets.get(value.removeprefix(SECRET_PREFIX))
        return value
