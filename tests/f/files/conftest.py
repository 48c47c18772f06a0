"""The S3 twin in a process of its own, and a home for the state of each test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.mill.twins.stage import TwinClient, TwinProcess


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the scripts keep their state, and the job's folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def changed(resource: Any, **changes: Any) -> Any:
    """A resource with other fields; main() takes the resource type's TypedDict."""
    return {**resource, **changes}


class Twin:
    """The S3 twin, empty: its client, and the resource that points at it."""

    def __init__(self, client: TwinClient) -> None:
        client.forget()
        self.client = client
        self.resource: Any = {
            "bucket": "files",
            "region": "us-east-1",
            "accessKey": "AKTWIN",
            "secretKey": "twin",
            "base_url": client.url,
        }

    def stored(self) -> list[dict[str, Any]]:
        """What was stored, oldest first."""
        return [entry["body"] for entry in self.client.get("/_ledger?kind=stored").json["entries"]]

    def fail_next(self, operation: str, fault: str, times: int = 1) -> None:
        """Let the next calls of an operation meet a fault."""
        self.client.put_faults(
            script=[{"operation": operation, "fault": fault, "times": times}], retry_after=0, hang_seconds=0
        )

    def silence(self, *operations: str) -> None:
        """Let the next nine calls of each operation reach nobody."""
        script = [{"operation": name, "fault": "reset_before", "times": 9} for name in operations]
        self.client.put_faults(script=script)


@pytest.fixture
def twin(twins: TwinProcess) -> Twin:
    return Twin(twins.client("s3"))
