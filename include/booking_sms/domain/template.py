"""Texts as the owner writes them, before any booking: subject, common text, a text per store.

Also the two promises that a text must keep whoever wrote it: an advertising text says what it is
and how to refuse it, and a subject leaves room for the attempt reference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Literal

from booking_sms.domain.errors import MessageTextMissing, TextNotLawful, TextTooLong
from booking_sms.domain.message import SUBJECT_LIMIT_BYTES, sens_bytes
from booking_sms.domain.rule import content_digest

Form = Literal["LMS", "auto", "notice"]

REFERENCE_BYTES = 7
"""Dispatch ends each LMS subject with a blank and six characters: the attempt reference."""
OWN_SUBJECT_BYTES = SUBJECT_LIMIT_BYTES - REFERENCE_BYTES

ADVERTISING_LABEL = "(광고)"
OPT_OUT_WORD = "무료수신거부"
_FREE_NUMBER = re.compile(r"080-?[0-9]{3,4}-?[0-9]{4}")


@dataclass(frozen=True, kw_only=True)
class MessageTemplate:
    """One message: Jinja2 sources. ``store_texts`` go before ``text``; None = no common text.

    ``form`` ``LMS`` forces the long form, so that the subject carries the attempt reference;
    ``auto`` takes the short form where the bytes allow it; ``notice`` is for colleagues, has no
    subject and no limit of bytes.
    """

    name: str
    subject: str
    text: str | None = None
    store_texts: Mapping[str, str] = field(default_factory=dict)
    form: Form = "LMS"

    def text_for(self, store_id: str) -> str:
        """Source of the text for a store; MessageTextMissing when there is none."""
        text = self.store_texts.get(store_id, self.text)
        if text is None:
            raise MessageTextMissing(template=self.name, store=store_id)
        return text

    def digest_for(self, store_id: str) -> str:
        """Short hash of what this store's customers get, before variables are filled in."""
        return content_digest([self.name, self.subject, self.text_for(store_id), self.form])

    @property
    def digest(self) -> str:
        """Short hash of the whole template, all stores' texts together."""
        return content_digest([self.name, self.subject, dict(self.sources), self.form])

    @property
    def sources(self) -> Mapping[str, str]:
        """Every source text by where it stands in the file: ``text``, ``stores.ID``."""
        own = {f"stores.{store_id}": text for store_id, text in self.store_texts.items()}
        return own if self.text is None else {"text": self.text, **own}


@dataclass(frozen=True, kw_only=True)
class MessageCatalog:
    """All templates by name, and what is put in place of characters that SENS cannot send."""

    templates: Mapping[str, MessageTemplate]
    replacements: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> MessageTemplate:
        """The template of this name; MessageTextMissing when there is none."""
        try:
            return self.templates[name]
        except KeyError:
            raise MessageTextMissing(template=name) from None

    @cached_property
    def digest(self) -> str:
        """Short hash of every text and replacement."""
        return content_digest(asdict(self))


def check_advertising(text: str, brand: str) -> None:
    """Raise TextNotLawful unless label and sender begin the text and the refusal line ends it.

    Network Act art. 50(4): "(광고)" and the sender's name first, a free way to refuse last.
    """
    lines = [line.strip() for line in text.strip().splitlines()] or [""]
    if not text.startswith(ADVERTISING_LABEL):
        raise TextNotLawful(f"an advertising text begins with {ADVERTISING_LABEL}")
    if brand not in lines[0]:
        raise TextNotLawful("the first line of an advertising text names the sender")
    if OPT_OUT_WORD not in lines[-1] or not _FREE_NUMBER.search(lines[-1]):
        raise TextNotLawful(f"an advertising text ends with a line {OPT_OUT_WORD} 080-...")


def check_subject(subject: str) -> None:
    """Raise TextTooLong when a subject leaves no room for the attempt reference."""
    size = sens_bytes(subject)
    if size > OWN_SUBJECT_BYTES:
        raise TextTooLong("the subject is too long", bytes=size, limit=OWN_SUBJECT_BYTES)
