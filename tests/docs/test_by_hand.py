"""What docs/troubleshooting.md says to do by hand gives what our code takes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from f.connect.errors import ConnectError
from f.webhooks.requests.request import WebhookRequest
from f.webhooks.requests.source import Source
from f.webhooks.verifying.signature import verify
from mill.repository.yaml_file import read_mapping
from tests.docs.blocks import commands
from tests.mill.trees import REPOSITORY

PAGE = REPOSITORY / "docs" / "troubleshooting.md"
SECRET = "resources/mock/f/webhooks/github_secret.variable.yaml"


def test_a_signature_that_openssl_makes_as_the_page_says_is_taken_and_another_is_not(tmp_path: Path) -> None:
    shown = [command.text for command in commands(PAGE) if "body.json" in command.text]
    done = subprocess.run(
        ["bash", "-ec", "\n".join(shown)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    signature = done.stdout.split()[-1]
    assert re.fullmatch(r"[0-9a-f]{64}", signature)
    secret = read_mapping(REPOSITORY / SECRET)["value"]
    source = Source(name="github", kind="github", secrets=(secret,), storage_key="s" * 32)
    body = (tmp_path / "body.json").read_bytes()

    def request(body: bytes) -> WebhookRequest:
        headers = {"x-hub-signature-256": f"sha256={signature}"}
        return WebhookRequest(method="POST", url="", headers=headers, body=body)

    verify(request(body), source, 0.0)
    with pytest.raises(ConnectError):
        verify(request(body + b" "), source, 0.0)
