"""The page: whole in itself, true to the document, and its lines work when pasted."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from mill.openapi.document import Where, document
from mill.openapi.page.page import POLICY, write_page
from mill.repository.workspace import Workspace
from tests import foreign
from tests.mill.openapi.fuzzing import ROOT, TOKEN, key_of, serving

_VOID = {"meta", "input", "br"}
_SHORT = 6  # such a value is a word of its own


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return document(Workspace(ROOT), title="<Ours> & theirs", where=Where("http://127.0.0.1:8000", "local"))


@pytest.fixture(scope="module")
def page(made: dict[str, Any]) -> str:
    return write_page(made)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(ROOT, tmp_path_factory.mktemp("state")) as address:
        yield address


class _Reader(HTMLParser):
    """Holds the page against what a browser would have to mend, and collects what it would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(str(value))
            elif name == "href":
                self.links.append(str(value))
            elif name in ("src", "srcset", "action", "style"):
                self.fetched.append(f"{tag} {name}")
            elif name.startswith("on"):
                self.handlers.append(name)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_comes_from_no_other_host(page: str) -> None:
    reader = _Reader()
    reader.feed(page)
    assert reader.open == []
    assert len(set(reader.ids)) == len(reader.ids)
    assert {link for link in reader.links if link[1:] not in reader.ids} == set()
    assert (reader.fetched, reader.handlers) == ([], [])
    assert "<title>&lt;Ours&gt; &amp; theirs: HTTP</title>" in page


def test_its_policy_lets_in_its_own_style_and_script_and_nothing_else(page: str) -> None:
    for tag in ("style", "script"):
        inside = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert len(inside) == 1
        digest = base64.b64encode(hashlib.sha256(inside[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in POLICY
    assert POLICY.startswith("default-src 'none'; ")
    assert html.escape(POLICY) in page


def test_each_operation_stands_on_it_once_with_its_address(made: dict[str, Any], page: str) -> None:
    shown = [html.unescape(one) for one in re.findall(r'<code class="address">(.*?)</code>', page)]
    wanted = [path for path, methods in made["paths"].items() for _ in methods if "/jobs/run/" not in path]
    assert sorted(shown) == sorted(wanted)
    started = [path for path in made["paths"] if "/jobs/run/" in path]
    assert all(f"{path} " in page or f"{path}&" in page or f"{path}\n" in page for path in started)


def test_no_secret_of_the_templates_is_on_it(page: str) -> None:
    for file in (ROOT / "resources" / "mock").rglob("*key*.variable.yaml"):
        value = re.search(r"^value: (.+)$", file.read_text("utf-8"), re.MULTILINE)
        assert value is not None
        assert len(value[1]) < _SHORT or value[1] not in page, file


def test_mill_serve_shows_it_and_the_document_to_who_has_no_token(url: str) -> None:
    with urlopen(f"{url}/docs", timeout=60) as reply:
        text, headers = reply.read().decode(), reply.headers
    assert headers["Content-Security-Policy"] == f"{POLICY}; frame-ancestors 'none'"
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert f"{url}/api/r/local/mock/health" in text
    with urlopen(f"{url}/openapi.json", timeout=60) as reply:
        assert json.load(reply)["servers"] == [{"url": url}]
    with pytest.raises(HTTPError) as refused:
        urlopen(f"{url}/docs/more", timeout=10)
    with refused.value:
        assert refused.value.code == 401


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("f_customers_mock_health", "ok"),
        ("f_customers_mock_customers", "cust_"),
        ("f_customers_mock_customer_update", "updated"),
        ("f_vessels_get_vessel", "9074729"),
        ("run_wait_result_p_f_graphql_build_query", "query"),
        ("run_wait_result_p_f_customers_mock_customer_api", "created"),
        ("run_wait_result_p_f_identity_read_jwt", ""),
    ],
)
def test_a_line_of_the_page_works_when_pasted(url: str, name: str, told: str) -> None:
    with urlopen(f"{url}/docs", timeout=60) as reply:
        text = reply.read().decode()
    with urlopen(f"{url}/openapi.json", timeout=60) as reply:
        schemes = json.load(reply)["components"]["securitySchemes"]
    card = text.partition(f'<article id="{name}"')[2].partition("</article>")[0]
    line = html.unescape(re.findall(r'<div class="line"><pre tabindex="0">(.*?)</pre>', card, re.DOTALL)[0])
    keys = {key.upper(): key_of(scheme) for key, scheme in schemes.items() if key.startswith("key_")}
    done = subprocess.run(
        ["bash", "-c", line.replace("curl ", "curl -sS -w '\\n%{http_code}' ", 1)],
        env={"PATH": "/usr/bin:/bin", "MILL_TOKEN": TOKEN, **keys},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    body, _, status = done.stdout.rpartition("\n")
    assert status in ({"200", "201"} if told else {"422"}), done.stdout
    assert told in body


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_in_a_browser_it_can_be_read_narrowed_and_copied_from(url: str, scheme: str, width: int) -> None:
    command = foreign.node(Path(__file__).with_name("page.mjs"), "playwright-core")
    environ = {"BROWSER": foreign.browser(), "ADDRESS": f"{url}/docs", "SCHEME": scheme, "WIDTH": str(width)}
    done = subprocess.run(
        command, env={**os.environ, **environ}, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["complaints"] == []  # of its own policy, too
    assert (seen["first"], seen["opened"]) == ("To the operations", True)
    assert seen["narrowed"] == ["run_wait_result_p_f_graphql_build_query"]
    assert seen["found"] == f"1 of {seen['all']} shown"
    assert seen["copied"].startswith(
        f"curl -X POST {url}/api/w/local/jobs/run_wait_result/p/f/graphql/build_query"
    )
    assert seen["under"] <= seen["heading"] <= seen["under"] + 60
    assert seen["wide"] == width
    steps = zip(seen["levels"], seen["levels"][1:], strict=False)
    assert [(above, below) for above, below in steps if below > above + 1] == []
    assert seen["pale"] == []


def test_a_workspace_that_cannot_be_described_says_why(tmp_path: Path) -> None:
    (tmp_path / "wmill.yaml").write_text("defaultTs: bun\n", "utf-8")
    script = tmp_path / "f" / "a" / "send.py"
    script.parent.mkdir(parents=True)
    script.write_text("HTTP = made()\n\n\ndef main():\n    pass\n", "utf-8")
    with serving(tmp_path, tmp_path / "state") as address, pytest.raises(HTTPError) as refused:
        urlopen(f"{address}/docs", timeout=60)
    with refused.value:
        assert refused.value.code == 409
        assert "made() is no literal" in refused.value.read().decode()
