"""Slack's limits are kept by splitting or by trimming with a notice; user text is never markup."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from f.connect.errors import FixInput
from f.notify.messages.message import Message
from f.notify.slack.alert_blocks import alert_posts, attachment_of, blocks_of
from f.notify.slack.posting import MOST_CHARACTERS, escape, fit, posts_of, split_text, trim
from mill.twins.formats.slack_blocks import Block, characters

BLOCKS: TypeAdapter[list[Block]] = TypeAdapter(list[Block])


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(**changes: Any) -> dict[str, Any]:
    return {"type": "button", "text": {"type": "plain_text", "text": "Open"}, **changes}


PLAIN = {"type": "plain_text", "text": "x"}


@pytest.mark.parametrize(
    ("blocks", "messages", "kept"),
    [
        ([{"type": "divider"}] * 50, 1, 50),
        ([{"type": "divider"}] * 51, 2, 51),
        ([section("a" * 3000)], 1, 1),
        ([section("word " * 700)], 1, 2),
        ([section("a" * 2900)] * 5, 2, 5),
        ([{"type": "section", "fields": [PLAIN] * 23}], 1, 3),
        ([{"type": "context", "elements": [PLAIN] * 11}], 1, 2),
        ([{"type": "actions", "elements": [button()] * 26}], 1, 2),
        ([{"type": "header", "text": {"type": "plain_text", "text": "h" * 200}}], 1, 1),
        ([{"type": "actions", "elements": [button(text={"type": "plain_text", "text": "b" * 80})]}], 1, 1),
        ([{"type": "section", "text": PLAIN, "fields": [{**PLAIN, "text": "f" * 2500}]}], 1, 1),
        ([{"type": "divider", "block_id": "i" * 300}], 1, 1),
    ],
)
def test_blocks_over_a_limit_become_blocks_slack_takes(
    blocks: list[dict[str, Any]], messages: int, kept: int
) -> None:
    fitted = fit(blocks)
    assert (len(fitted), sum(map(len, fitted))) == (messages, kept)
    for message in fitted:
        BLOCKS.validate_python(message)
        assert characters(message) <= MOST_CHARACTERS


@pytest.mark.parametrize("block", ["text", {}, {"type": 3}, {"text": "no type"}])
def test_what_is_no_block_is_refused_by_its_place(block: Any) -> None:
    with pytest.raises(FixInput, match="Block 2 is not a Slack block"):
        fit([{"type": "divider"}, block])


def test_a_buttons_value_is_never_cut_because_it_is_data() -> None:
    with pytest.raises(FixInput, match="value has 2001 characters"):
        fit([{"type": "actions", "elements": [button(value="v" * 2001)]}])


def test_a_trimmed_text_says_how_long_it_was_and_cuts_no_escape_in_two() -> None:
    assert trim("a" * 3001, 3000).endswith("… (3,001 characters in all)")
    for most in range(80, 110):
        assert "&" not in trim(escape("&" * 200), most).replace("&amp;", "")


@given(st.text(alphabet="ab &<\n", max_size=400), st.integers(20, 60))
def test_splitting_loses_nothing_but_white_space(text: str, most: int) -> None:
    parts = split_text(escape(text), most)
    assert max(map(len, parts)) <= most
    assert "".join("".join(parts).split()) == "".join(escape(text).split())
    assert not any("&" in part.replace("&amp;", "").replace("&lt;", "") for part in parts)


def test_text_from_outside_can_mention_nobody_and_link_nowhere() -> None:
    evil = "<!channel> <@U123> <https://evil.example.com|click> *bold* & `code`"
    message = Message(evil, evil, "warning", {f"*{evil}": evil})
    blocks = BLOCKS.validate_python(blocks_of(message))
    assert "<!channel>" not in str(blocks)
    assert "<@U123>" not in str(blocks)
    texts = [
        text for block in blocks_of(message) for text in (block.get("text"), *block.get("fields", [])) if text
    ]
    marked = [text["text"] for text in texts if text["type"] == "mrkdwn"]
    assert len(marked) == 1  # the label alone, which is ours
    assert "<" not in marked[0]
    assert posts_of(evil, None, None, "", mrkdwn=False)[0][0].text == escape(evil)


@pytest.mark.parametrize("severity", ["info", "warning", "error", "critical"])
def test_each_severity_has_a_colour_of_its_own(severity: Any) -> None:
    others = {
        attachment_of(Message("t", severity=other), [])["color"]
        for other in ("info", "warning", "error", "critical")
    }
    assert len(others) == 4
    assert attachment_of(Message("t", severity=severity), [])["fallback"] == f"{severity.title()}: t"


def test_an_alert_too_long_for_one_message_is_posted_in_parts_and_says_so() -> None:
    posts, notices = alert_posts(Message("t" * 200, "line of text\n" * 1500))
    assert len(posts) == 2
    assert notices == [
        "The alert was posted as 2 messages.",
        "A title or field was too long for Slack and was cut.",
    ]


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"text": " "}, "message is empty"),
        ({"text": "x", "attachments": [{}] * 101}, "takes 100 attachments, this has 101"),
    ],
)
def test_a_message_slack_would_refuse_is_refused_before(given_: dict[str, Any], said: str) -> None:
    with pytest.raises(FixInput, match=said):
        posts_of(given_["text"], None, given_.get("attachments"), "", mrkdwn=False)


def test_a_text_over_the_limit_is_cut_with_a_notice() -> None:
    posts, notices = posts_of("a" * 50_000, None, None, "", mrkdwn=True)
    assert len(posts[0].text) == 40_000
    assert notices == ["The text was cut from 50,000 to 40,000 characters."]
