"""What services say of their own end, in headers and bodies."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from f.operate.contracts.notices import Notice, notices_of

NOW = 1_795_000_000.0  # 2026-11-18


def told(headers: dict[str, str], body: Any = None) -> list[Notice]:
    return notices_of(CaseInsensitiveDict(headers), body, NOW)


@pytest.mark.parametrize(
    ("headers", "kind", "text", "urgent"),
    [
        ({"Deprecation": "@1688169599"}, "deprecation", "The call is deprecated since 2023-06-30.", False),
        ({"deprecation": "true"}, "deprecation", "The call is deprecated.", False),
        (
            {"Deprecation": "Sun, 11 Nov 2029 23:59:59 GMT"},
            "deprecation",
            "The call will be deprecated on 2029-11-11.",
            False,
        ),
        ({"Sunset": "Sun, 11 Nov 2029 23:59:59 GMT"}, "sunset", "The call ends on 2029-11-11.", False),
        ({"Sunset": "Mon, 30 Nov 2026 23:59:59 GMT"}, "sunset", "The call ends on 2026-11-30.", True),
        (
            {"Sunset": "Sun, 06 Nov 1994 08:49:37 GMT"},
            "sunset",
            "The call ended on 1994-11-06, says the service.",
            True,
        ),
        ({"Sunset": "soon"}, "sunset", "The call will end, at a time that cannot be read.", False),
        (
            {"Warning": '299 - "This version is deprecated"'},
            "deprecation",
            "This version is deprecated",
            False,
        ),
        ({"Warning": '299 api "Be careful"'}, "warning", "Be careful", False),
        (
            {"X-Shopify-API-Deprecated-Reason": "https://example.com/why"},
            "deprecation",
            "Shopify calls this call deprecated: https://example.com/why",
            False,
        ),
    ],
)
def test_a_header_is_read(headers: dict[str, str], kind: str, text: str, urgent: bool) -> None:
    [notice] = told(headers)
    assert (notice.kind, notice.text, notice.urgent) == (kind, text, urgent)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Deprecation": "false"},
        {"Deprecation": " "},
        {"Warning": '110 cache "Response is stale"'},
        {"Warning": "nothing that can be read"},
        {"Link": '<https://api.example.com/?page=2>; rel="next"'},
    ],
)
def test_what_announces_nothing_is_no_notice(headers: dict[str, str]) -> None:
    assert told(headers) == []


def test_several_warnings_are_several() -> None:
    notices = told({"Warning": '299 - "a will be retired", 110 c "stale", 299 - "mind the gap"'})
    assert [one.text for one in notices] == ["a will be retired", "mind the gap"]


def test_the_link_tells_where_to_read_on() -> None:
    link = '<https://api.example.com/?page=2>; rel="next", <https://example.com/end>; rel="sunset"'
    [notice] = told({"Sunset": "Sun, 11 Nov 2029 23:59:59 GMT", "Link": link})
    assert (notice.link, notice.at) == ("https://example.com/end", "2029-11-11T23:59:59+00:00")


def test_slack_warns_in_the_body() -> None:
    body = {
        "ok": True,
        "warning": "superfluous_charset,method_deprecated",
        "response_metadata": {"warnings": ["superfluous_charset", 5]},
    }
    assert [(one.kind, one.text) for one in told({}, body)] == [
        ("deprecation", "Slack warns of method_deprecated."),
        ("warning", "Slack warns of superfluous_charset."),
    ]
    assert told({}, {"warning": "of no service that we know"}) == []


def test_a_warning_that_quotes_somebody_is_masked() -> None:
    [notice] = told({"Warning": '299 - "sunset for ben@example.com"'})
    assert "ben" not in notice.text


@given(st.text(), st.sampled_from(["Deprecation", "Sunset", "Warning", "Link"]))
def test_whatever_a_header_says_is_no_error(text: str, name: str) -> None:
    for notice in told({name: text}):
        assert notice.text
