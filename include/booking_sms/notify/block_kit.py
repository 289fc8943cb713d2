"""A notice as a Slack message, inside Block Kit's limits: Slack refuses what is over them.

Header 150 characters, section text 3000, at most 50 blocks, and never more than five buttons.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

HEADER_LIMIT, SECTION_LIMIT, BLOCK_LIMIT, BUTTON_LIMIT = 150, 3000, 50, 5
BUTTON_TEXT_LIMIT, URL_LIMIT = 75, 3000
TEXT_BUDGET = 12_000
"""Slack refuses whole messages near 13,000 characters, whatever its limits by block say."""

CUT = "…"
Block = dict[str, Any]


def message(heading: str, lines: Iterable[str], buttons: Mapping[str, str]) -> dict[str, Any]:
    """The message; what is too long is cut with a mark, and empty addresses make no button.

    :param buttons: label to absolute address.
    """
    rows = _buttons(buttons)
    room = BLOCK_LIMIT - 1 - len(rows)
    sections = _sections(lines)[:room]
    shown = escape(cut(heading, HEADER_LIMIT))
    return {"text": shown, "blocks": [_header(heading), *sections, *rows]}


def escape(text: str) -> str:
    """The three characters that Slack's markup gives a meaning."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, limit: int) -> str:
    """At most ``limit`` characters."""
    return text if len(text) <= limit else text[: limit - len(CUT)] + CUT


def _header(heading: str) -> Block:
    # A header is plain text: nothing in it has a meaning, so nothing is escaped.
    return {"type": "header", "text": {"type": "plain_text", "text": cut(heading, HEADER_LIMIT)}}


def _sections(lines: Iterable[str]) -> list[Block]:
    """Lines packed into sections; the text of all of them stays inside the budget."""
    texts: list[str] = []
    left = TEXT_BUDGET
    for line in lines:
        shown = _escaped_cut(line, min(SECTION_LIMIT, left))
        if not shown:
            continue
        left -= len(shown) + 1
        if texts and len(texts[-1]) + 1 + len(shown) <= SECTION_LIMIT:
            texts[-1] = f"{texts[-1]}\n{shown}"
        else:
            texts.append(shown)
    return [_section(text) for text in texts]


def _escaped_cut(line: str, limit: int) -> str:
    """The escaped line in at most ``limit`` characters, never cut inside an escape."""
    if limit <= len(CUT) or not line.strip():
        return ""
    if len(escape(line)) <= limit:
        return escape(line)
    size = 0
    for position, character in enumerate(line):
        size += len(escape(character))
        if size > limit - len(CUT):
            return escape(line[:position]) + CUT
    return escape(line)


def _section(text: str) -> Block:
    # Verbatim: Slack makes no links or mentions of its own.
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _buttons(buttons: Mapping[str, str]) -> list[Block]:
    elements = [
        {
            "type": "button",
            "text": {"type": "plain_text", "text": cut(label, BUTTON_TEXT_LIMIT)},
            "url": url,
        }
        for label, url in buttons.items()
        if url and len(url) <= URL_LIMIT
    ]
    return [{"type": "actions", "elements": elements[:BUTTON_LIMIT]}] if elements else []
