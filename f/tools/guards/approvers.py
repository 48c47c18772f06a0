"""Who has agreed to a write: the name of a person, as far as a text can be told to be one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from f.connect.errors import FixInput
from f.tools.guards.guards_resource import GUARDS
from f.tools.guards.patterns import is_allowed

_LONGEST = 120
# What an agent is likely to put where the name of a person belongs, its own name among it.
_NOBODY = re.compile(
    r"ai|llm|mcp|agents?|assistant|bot|robot|model|tool|system|auto(?:matic(?:ally)?)?|users?|humans?|person|"
    r"people|team|admin|operator|approver|anonymous|unknown|somebody|someone|nobody|none?|null|na|yes|ok(?:ay)?|"
    r"approved|true|test|the|and|of|an?|my|by|it|i|me|we|you|myself|itself|self|claude|opus|sonnet|haiku|"
    r"anthropic|(?:chat)?gpt|openai|codex|copilot|cursor|gemini|llama|mistral|grok|deepseek|qwen"
)
# Signs that count as letters and show nothing.
_EMPTY = str.maketrans("", "", "\u115f\u1160\u17b4\u17b5\u3164\uffa0")


def check_approver(name: str, allowed: Iterable[str]) -> None:
    """FixInput unless the text may be a person's name, and one of the allowed patterns if there are any."""
    name, allowed = name.strip(), tuple(allowed)
    if len(name) > _LONGEST or not name.isprintable() or not _names_somebody(name):
        raise FixInput(
            "approved_by must name the person who has seen this plan and agreed to it: a name or an e-mail "
            "address. Show the plan to a person and ask; never fill this in by yourself.",
            code="no_approver",
        )
    if allowed and not is_allowed(name, allowed):
        raise FixInput(
            f"This person may not approve imports. Who may, a person sets by approvers in {GUARDS}.",
            code="approver_not_allowed",
        )


def _names_somebody(name: str) -> bool:
    """Return whether two letters are left beside the words that name nobody; of an address before its @."""
    plain = unicodedata.normalize("NFKC", name.translate(_EMPTY)).translate(_EMPTY).casefold()
    joined = re.sub(r"(?<=\b\w)[./](?=\w\b)", "", plain.partition("@")[0])  # A.I. and n/a are words
    words = re.findall(r"[^\W\d_]+", joined)
    return sum(len(word) for word in words if not _NOBODY.fullmatch(word)) > 1
