"""Block Kit limits. What breaks one is refused as a whole: the alert is lost, not cut.

Reference pages of Block Kit: 50 blocks a message; header 150 characters; section text 3000, at
most 10 fields of 2000; actions 25 elements; context 10 elements; button text 75; block_id 255. The
cap on all text together (msg_blocks_too_long) is not documented: measured near 13,200 characters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sandbox.slack.errors import SlackRefusal

MAX_BLOCKS, MAX_BLOCK_ID, MAX_ACTION_ID = 50, 255, 255
MAX_HEADER, MAX_SECTION_TEXT, MAX_FIELDS, MAX_FIELD = 150, 3000, 10, 2000
MAX_ACTIONS, MAX_CONTEXT, MAX_BUTTON_TEXT, MAX_BUTTON_VALUE = 25, 10, 75, 2000
MAX_URL, MAX_ALT_TEXT = 3000, 2000

Block = dict[str, Any]


def check_blocks(blocks: object, text_cap: int) -> list[Block]:
    """The blocks, if Slack would show them; raises SlackRefusal."""
    if not isinstance(blocks, list) or not all(isinstance(one, dict) for one in blocks):
        raise SlackRefusal("invalid_blocks_format", "blocks must be an array of objects")
    if len(blocks) > MAX_BLOCKS:
        raise _invalid(f"no more than {MAX_BLOCKS} blocks")
    seen: set[str] = set()
    for block in blocks:
        _check_block(block, seen)
    if sum(len(text) for text in texts_of(blocks)) > text_cap:
        raise SlackRefusal("msg_blocks_too_long", f"more than {text_cap} characters in all")
    return blocks


def texts_of(part: object) -> Iterator[str]:
    """Every text shown anywhere inside blocks, in reading order."""
    if isinstance(part, list):
        for one in part:
            yield from texts_of(one)
    elif isinstance(part, dict):
        text = part.get("text")
        if isinstance(text, str):
            yield text
        for key in ("text", "title", "fields", "elements", "accessory"):
            if isinstance(part.get(key), dict | list):
                yield from texts_of(part[key])


def _check_block(block: Block, seen: set[str]) -> None:
    block_id = block.get("block_id", "")
    if not isinstance(block_id, str) or len(block_id) > MAX_BLOCK_ID:
        raise _invalid(f"block_id: at most {MAX_BLOCK_ID} characters")
    if block_id and block_id in seen:
        raise _invalid("block_id: used twice")
    seen.add(block_id)
    check = _CHECKS.get(str(block.get("type")))
    if check is None:
        raise _invalid(f"unsupported block type {block.get('type')!r}")
    check(block)


def _check_section(block: Block) -> None:
    fields = block.get("fields", [])
    if not block.get("text") and not fields:
        raise _invalid("section: text or fields is required")
    if block.get("text"):
        _check_text(block["text"], MAX_SECTION_TEXT, "section text")
    if not isinstance(fields, list) or len(fields) > MAX_FIELDS:
        raise _invalid(f"section: at most {MAX_FIELDS} fields")
    for one in fields:
        _check_text(one, MAX_FIELD, "section field")
    if block.get("accessory") is not None:
        _check_element(block["accessory"])


def _check_header(block: Block) -> None:
    _check_text(block.get("text"), MAX_HEADER, "header", plain=True)


def _check_context(block: Block) -> None:
    for one in _elements(block, MAX_CONTEXT):
        if isinstance(one, dict) and one.get("type") == "image":
            _check_image(one)
        else:
            _check_text(one, MAX_SECTION_TEXT, "context")


def _check_actions(block: Block) -> None:
    for one in _elements(block, MAX_ACTIONS):
        _check_element(one)


def _check_element(element: object) -> None:
    if not isinstance(element, dict) or not isinstance(element.get("type"), str):
        raise _invalid("an element needs a type")
    if len(str(element.get("action_id", ""))) > MAX_ACTION_ID:
        raise _invalid(f"action_id: at most {MAX_ACTION_ID} characters")
    if element["type"] == "image":
        _check_image(element)
    if element["type"] == "button":
        _check_text(element.get("text"), MAX_BUTTON_TEXT, "button", plain=True)
        if len(str(element.get("url", ""))) > MAX_URL:
            raise _invalid(f"button url: at most {MAX_URL} characters")
        if len(str(element.get("value", ""))) > MAX_BUTTON_VALUE:
            raise _invalid(f"button value: at most {MAX_BUTTON_VALUE} characters")


def _check_image(block: Block) -> None:
    if not block.get("alt_text") or len(str(block["alt_text"])) > MAX_ALT_TEXT:
        raise _invalid(f"image: alt_text of 1 to {MAX_ALT_TEXT} characters")
    url = block.get("image_url", "")
    if not (block.get("slack_file") or (isinstance(url, str) and 0 < len(url) <= MAX_URL)):
        raise _invalid("image: image_url is required")


def _check_text(value: object, limit: int, where: str, *, plain: bool = False) -> None:
    kinds = ("plain_text",) if plain else ("plain_text", "mrkdwn")
    if not isinstance(value, dict) or value.get("type") not in kinds:
        raise _invalid(f"{where}: a text object of type {' or '.join(kinds)} is required")
    text = value.get("text")
    if not isinstance(text, str) or not 1 <= len(text) <= limit:
        raise _invalid(f"{where}: 1 to {limit} characters")


def _elements(block: Block, limit: int) -> list[Any]:
    elements = block.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= limit:
        raise _invalid(f"{block['type']}: 1 to {limit} elements")
    return elements


def _accept(block: Block) -> None:
    """No limit of this block is known here."""


def _invalid(detail: str) -> SlackRefusal:
    return SlackRefusal("invalid_blocks", detail)


_CHECKS: dict[str, Callable[[Block], None]] = {
    "section": _check_section,
    "header": _check_header,
    "context": _check_context,
    "actions": _check_actions,
    "image": _check_image,
    "divider": _accept,
    "rich_text": _accept,
    "video": _accept,
    "file": _accept,
    "markdown": _accept,
    "table": _accept,
}
