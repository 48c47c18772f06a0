"""The inbox is one page that needs nothing from elsewhere and runs nothing it shows."""

from __future__ import annotations

import re

from tests.mill.twins.stage import TwinClient, TwinProcess


def test_the_page_loads_nothing_from_elsewhere(twins: TwinProcess) -> None:
    answer = TwinClient(twins.client("inbox").url, token=None).get("/")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert not re.search(rb"(?:src|href|import)\s*[=(]\s*['\"]?(?:https?:)?//", answer.body)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy


def test_what_was_sent_is_shown_as_text_and_mail_without_scripts(twins: TwinProcess) -> None:
    page = twins.client("inbox").get("/").body.decode()
    assert "innerHTML" not in page
    assert 'frame.sandbox = ""' in page


def test_the_page_is_found_with_and_without_its_last_slash(twins: TwinProcess) -> None:
    client = twins.client("inbox")
    assert client.get("").body == client.get("/").body
