"""Takes markup out of a text, or says why it cannot: the check that drops careless alerts.

Three parse modes (formatting options of the Bot API). MarkdownV2 is the trap: `.`, `-`, `(`, `)`
and `+` stand in every date, price and phone number, and each must be escaped there.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sandbox.telegram.errors import CannotParse, UnsupportedParseMode

_STYLES = ("b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "code", "pre")
HTML_TAGS = frozenset((*_STYLES, "a", "span", "blockquote", "tg-spoiler", "tg-emoji"))
RESERVED = frozenset("_*[]()~`>#+-=|{}.!")
_NAMED = {"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"'}
_TAG = re.compile(r"<(?P<end>/?)(?P<name>[a-zA-Z0-9-]*)(?P<rest>[^>]*)(?P<close>>?)")
_PAIRED = {
    "```": "Pre",
    "`": "Code",
    "__": "Underline",
    "_": "Italic",
    "*": "Bold",
    "~": "Strikethrough",
    "||": "Spoiler",
}
_LINK = re.compile(r"\]\((?:\\.|[^)\\])*\)", re.DOTALL)


def plain_text(text: str, parse_mode: str) -> str:
    """The text as a person reads it; raises CannotParse or UnsupportedParseMode."""
    if not parse_mode:
        return text
    reader = _READERS.get(parse_mode.lower())
    if reader is None:
        raise UnsupportedParseMode()
    return reader(text)


def _from_html(text: str) -> str:
    open_tags: list[str] = []
    plain: list[str] = []
    position = 0
    for tag in _TAG.finditer(text):
        plain.append(_decode(text[position : tag.start()]))
        _apply_tag(tag, open_tags, _byte_offset(text, tag.start()))
        position = tag.end()
    if open_tags:
        raise CannotParse(f'Can\'t find end tag corresponding to start tag "{open_tags[-1]}"')
    return "".join(plain) + _decode(text[position:])


def _apply_tag(tag: re.Match[str], open_tags: list[str], offset: int) -> None:
    name = tag["name"].lower()
    if tag["end"]:
        expected = open_tags.pop() if open_tags else None
        if expected is None:
            raise CannotParse(f"Unexpected end tag at byte offset {offset}")
        if name not in ("", expected):
            raise CannotParse(
                f'Unmatched end tag at byte offset {offset}, expected "</{expected}>",'
                f' found "</{name}>"'
            )
        return
    if name not in HTML_TAGS:
        raise CannotParse(f'Unsupported start tag "{name}" at byte offset {offset}')
    if not tag["close"]:
        raise CannotParse(f"Unclosed start tag at byte offset {offset}")
    open_tags.append(name)


def _decode(text: str) -> str:
    return re.sub(r"&(?:lt|gt|amp|quot);", lambda found: _NAMED[found[0]], text)


def _from_markdown_v2(text: str) -> str:
    opened: list[tuple[str, int]] = []
    plain: list[str] = []
    position = 0
    while position < len(text):
        shown, length = _markdown_v2_step(text, position, opened)
        plain.append(shown)
        position += length
    if opened:
        marker, start = opened[-1]
        kind = _PAIRED.get(marker, "Link")
        raise CannotParse(f"Can't find end of {kind} entity at byte offset {start}")
    return "".join(plain)


def _markdown_v2_step(text: str, at: int, opened: list[tuple[str, int]]) -> tuple[str, int]:
    """What is shown for the next token, and how long the token is."""
    char = text[at]
    if char == "\\" and at + 1 < len(text) and text[at + 1].isascii():
        return text[at + 1], 2
    inside = opened[-1][0] if opened else ""
    if inside in ("`", "```"):
        return _close_or_show(text, at, inside, opened)
    if char not in RESERVED:
        return char, 1
    marker = next((one for one in _PAIRED if text.startswith(one, at)), "")
    if marker:
        _toggle(marker, _byte_offset(text, at), opened)
        return "", len(marker)
    return _link_or_quote(text, at, opened)


def _close_or_show(
    text: str, at: int, inside: str, opened: list[tuple[str, int]]
) -> tuple[str, int]:
    if text.startswith(inside, at):
        opened.pop()
        return "", len(inside)
    return text[at], 1


def _toggle(marker: str, offset: int, opened: list[tuple[str, int]]) -> None:
    if opened and opened[-1][0] == marker:
        opened.pop()
    else:
        opened.append((marker, offset))


def _link_or_quote(text: str, at: int, opened: list[tuple[str, int]]) -> tuple[str, int]:
    char = text[at]
    if char == "[":
        opened.append(("[", _byte_offset(text, at)))
        return "", 1
    if char == "]" and opened and opened[-1][0] == "[":
        opened.pop()
        url = _LINK.match(text, at)
        return "", len(url[0]) if url else 1
    starts_line = at == 0 or text[at - 1] == "\n"
    if (char == ">" and starts_line) or text.startswith("![", at):
        return "", 1
    raise CannotParse(f"Character '{char}' is reserved and must be escaped with the preceding '\\'")


def _from_markdown(text: str) -> str:
    """The old mode: four special characters, no nesting, an unpaired one is an error."""
    plain: list[str] = []
    position = 0
    while position < len(text):
        shown, length = _markdown_step(text, position)
        plain.append(shown)
        position += length
    return "".join(plain)


def _markdown_step(text: str, at: int) -> tuple[str, int]:
    char = text[at]
    if char == "\\" and text[at + 1 : at + 2] in tuple("_*`["):
        return text[at + 1], 2
    if char not in "_*`[":
        return char, 1
    marker = "```" if text.startswith("```", at) else char
    closing = "]" if marker == "[" else marker
    end = text.find(closing, at + len(marker))
    if end < 0:
        offset = _byte_offset(text, at)
        raise CannotParse(f"Can't find end of the entity starting at byte offset {offset}")
    url = _LINK.match(text, end) if marker == "[" else None
    length = (url.end() if url else end + len(closing)) - at
    return text[at + len(marker) : end], length


def _byte_offset(text: str, position: int) -> int:
    return len(text[:position].encode("utf-8", "replace"))


_READERS: dict[str, Callable[[str], str]] = {
    "html": _from_html,
    "markdown": _from_markdown,
    "markdownv2": _from_markdown_v2,
}
