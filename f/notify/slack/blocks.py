"""Slack's limits on a message: kept by splitting where nothing is lost, else by trimming with a notice.

Limits: https://docs.slack.dev/reference/block-kit/blocks and .../methods/chat.postMessage. The total
over all blocks is undocumented: about 13,200 characters, then msg_blocks_too_long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from f.connect.errors import FixInput

Block = dict[str, Any]

MOST_BLOCKS = 50
MOST_CHARACTERS = 12_000
MOST_TEXT = 40_000
_SECTION_TEXT, _FIELDS, _FIELD_TEXT = 3000, 10, 2000
_HEADER_TEXT, _CONTEXT_ELEMENTS, _ACTION_ELEMENTS = 150, 10, 25
_BUTTON_TEXT, _BUTTON_VALUE, _ID = 75, 2000, 255
_NOTICE = "… ({} characters in all)"


def escape(text: str) -> str:
    """Make text show as it is: no mention, no link, no channel. The three characters Slack reads as control.

    https://docs.slack.dev/messaging/formatting-message-text#escaping
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def trim(text: str, most: int) -> str:
    """Cut a text that is too long and say so at its end; an escaped character is never cut in two."""
    if len(text) <= most:
        return text
    notice = _NOTICE.format(f"{len(text):,}")
    if most < 3 * len(notice):
        notice = "…"
    kept = text[: most - len(notice)]
    cut = kept.rfind("&")
    if cut > len(kept) - 5 and ";" not in kept[cut:]:
        kept = kept[:cut]
    return kept + notice


def split_text(text: str, most: int) -> list[str]:
    """Split at line ends, else at spaces, else anywhere; no part is longer than `most`."""
    parts = []
    while len(text) > most:
        cut = max(text.rfind("\n", 1, most + 1), 0) or max(text.rfind(" ", most // 2, most + 1), 0) or most
        entity = text.rfind("&", 0, cut)
        if entity > max(cut - 5, 0) and ";" not in text[entity:cut]:
            cut = entity
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip("\n ")
    return [*parts, text]


def fit(blocks: Sequence[Any]) -> list[list[Block]]:
    """Return the blocks as one or more messages, each within the limits. FixInput for what is not a block."""
    messages: list[list[Block]] = [[]]
    size = 0
    for block in _all_fitted(blocks):
        weight = _characters(block)
        if messages[-1] and (len(messages[-1]) >= MOST_BLOCKS or size + weight > MOST_CHARACTERS):
            messages.append([])
            size = 0
        messages[-1].append(block)
        size += weight
    return messages


def _all_fitted(blocks: Sequence[Any]) -> Iterator[Block]:
    for number, block in enumerate(blocks, 1):
        if not isinstance(block, Mapping) or not isinstance(block.get("type"), str):
            raise FixInput(f"Block {number} is not a Slack block: it needs a type.", code="invalid_blocks")
        yield from _fitted(dict(block))


def _fitted(block: Block) -> Iterator[Block]:
    if "block_id" in block:
        block["block_id"] = str(block["block_id"])[:_ID]
    match block["type"]:
        case "header":
            yield {**block, "text": _trimmed(block.get("text"), _HEADER_TEXT)}
        case "section":
            yield from _sections(block)
        case "context":
            elements = [_trimmed(element, _FIELD_TEXT) for element in block.get("elements", [])]
            yield from _divided(block, "elements", elements, _CONTEXT_ELEMENTS)
        case "actions":
            elements = [_button(element) for element in block.get("elements", [])]
            yield from _divided(block, "elements", elements, _ACTION_ELEMENTS)
        case _:
            yield block


def _sections(block: Block) -> Iterator[Block]:
    """A section's text in as many sections as it takes, then its fields ten by ten."""
    rest = {name: value for name, value in block.items() if name not in {"text", "fields"}}
    text, fields = block.get("text"), block.get("fields") or []
    texts = _split(text)
    fields = [_trimmed(field, _FIELD_TEXT) for field in fields]
    groups = [fields[start : start + _FIELDS] for start in range(0, len(fields), _FIELDS)]
    first: Block = dict(rest)
    if texts:
        first["text"] = texts[0]
    if groups and len(texts) < 2:
        first["fields"] = groups.pop(0)
    yield first
    bare = {name: value for name, value in rest.items() if name not in {"block_id", "accessory"}}
    yield from ({**bare, "text": part} for part in texts[1:])
    yield from ({**bare, "fields": group} for group in groups)


def _split(text: Any) -> list[Any]:
    if not isinstance(text, Mapping) or not isinstance(text.get("text"), str):
        return [] if text is None else [text]
    return [{**text, "text": part} for part in split_text(text["text"], _SECTION_TEXT)]


def _divided(block: Block, name: str, elements: list[Any], most: int) -> Iterator[Block]:
    for start in range(0, max(len(elements), 1), most):
        part = {**block, name: elements[start : start + most]}
        if start:
            part.pop("block_id", None)
        yield part


def _button(element: Any) -> Any:
    if not isinstance(element, Mapping):
        return element
    value = element.get("value")
    if isinstance(value, str) and len(value) > _BUTTON_VALUE:
        raise FixInput(
            f"A button's value has {len(value)} characters; Slack takes {_BUTTON_VALUE}. Send an id instead.",
            code="invalid_blocks",
        )
    return {**element, "text": _trimmed(element.get("text"), _BUTTON_TEXT)} if "text" in element else element


def _trimmed(text: Any, most: int) -> Any:
    """A text object, or anything else as it is."""
    if isinstance(text, Mapping) and isinstance(text.get("text"), str):
        return {**text, "text": trim(text["text"], most)}
    return text


def _characters(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(_characters(item) for item in value.values())
    return sum(_characters(item) for item in value) if isinstance(value, list) else 0
