"""Object storage on loopback, as a workspace's API shows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.loopback import Asked, Loopback, Reply, serve


class Storage:
    """Keeps objects as Windmill's API does; refuses all once `full`."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.full = False

    def __call__(self, asked: Asked) -> Reply:
        key = parse_qs(urlsplit(asked.path).query)["file_key"][0]
        if asked.method == "POST" and not self.full:
            self.objects[key] = asked.body
            return Reply(body={"file_key": key})
        if asked.method == "GET" and key in self.objects:
            return Reply(body=self.objects[key])
        return Reply(400, {"error": {"message": "no storage"}})


@contextmanager
def serve_storage(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """Let this process be a job whose workspace has the storage."""
    with serve(storage) as served:
        monkeypatch.setenv("BASE_INTERNAL_URL", served.url)
        monkeypatch.setenv("WM_TOKEN", "token-1")
        monkeypatch.setenv("WM_WORKSPACE", "local")
        yield served
