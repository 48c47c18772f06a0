"""Other people's fuzzer reads the document that `mill serve` shows, and finds no reply that is not in it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.mill.openapi.fuzzing import ROOT, fuzz, serving

_SECONDS = int(os.environ.get("MILL_FUZZ_SECONDS", "40"))  # `make fuzz` takes longer


@pytest.mark.timeout(_SECONDS + 120)
def test_schemathesis_finds_no_server_error_and_no_reply_that_is_not_documented(tmp_path: Path) -> None:
    with serving(ROOT, tmp_path / "state") as url:
        with urlopen(f"{url}/openapi.json", timeout=60) as reply:
            document = json.load(reply)
        done = fuzz(url, document, tmp_path, seconds=_SECONDS, examples=20)
    assert "No issues found" in done.text, done.text
    assert done.code == 0
    routes = [path for path in document["paths"] if "/jobs/" not in path]
    assert "generated, " in done.text
    assert len(routes) >= 8


@pytest.mark.timeout(120)
def test_a_status_that_is_not_documented_is_found(tmp_path: Path) -> None:
    """The fuzzer would say so: the same run over a document that leaves statuses out."""
    with serving(ROOT, tmp_path / "state") as url:
        with urlopen(f"{url}/openapi.json", timeout=60) as reply:
            document = json.load(reply)
        path = next(one for one in document["paths"] if one.endswith("/mock/health"))
        document["paths"] = {path: document["paths"][path]}
        document["paths"][path]["get"]["responses"] = {"404": {"description": "Never."}}
        done = fuzz(url, document, tmp_path, seconds=10, examples=3)
    assert done.code == 1
    assert "Undocumented status code" in done.text
