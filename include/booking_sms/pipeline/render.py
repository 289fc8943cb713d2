"""Turns a decision into the text that goes out, or says why it cannot.

Jinja2 in a sandbox and strict: a variable without a value holds the message, it is never sent
half. Secrets are looked up here and nowhere earlier, only those that the text really uses.
"""

from __future__ import annotations

import re
from typing import Any

from jinja2 import TemplateError

from booking_sms.domain.decision import Decision
from booking_sms.domain.errors import TextUnresolved
from booking_sms.domain.message import (
    MessageClass,
    RenderedMessage,
    choose_type,
    outside_euc_kr,
    sens_bytes,
)
from booking_sms.domain.store import StoreDirectory
from booking_sms.domain.template import (
    MessageCatalog,
    MessageTemplate,
    check_advertising,
    check_subject,
)
from booking_sms.domain.text_language import compiled
from booking_sms.pipeline.text_values import variables
from booking_sms.ports import SecretSource

_QUOTED = re.compile(r"""'[^']*'|"[^"]*\"""")

ANOTHER_TYPE = (TypeError, ValueError, ArithmeticError, AttributeError, LookupError)
"""What an expression raises on a value that is not of the type it was written for."""


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
        outside_euc_kr=outside_euc_kr(subject + content),
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
        why = _impersonal(error.message or "", source)
        raise TextUnresolved(template=template.name, why=why) from None
    except ANOTHER_TYPE as error:
        raise TextUnresolved(template=template.name, why=type(error).__name__) from None
    return text.translate({ord(bad): good for bad, good in catalog.replacements.items()})


def _impersonal(why: str, source: str) -> str:
    """Jinja2's words without what it quotes, unless that stands in the source or is a type."""

    def keep(quoted: re.Match[str]) -> str:
        word = quoted[0][1:-1]
        return quoted[0] if word in source or word.endswith(" object") else "'...'"

    return _QUOTED.sub(keep, why)
