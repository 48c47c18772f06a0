"""The sources of resources/mock, with their secrets in place."""

from pathlib import Path
from typing import Any

from mill.repository.yaml_file import read_mapping

ROOT = Path(__file__).parents[3]
_MOCK = ROOT / "resources" / "mock"


def mock_source(kind: str) -> dict[str, Any]:
    fields = read_mapping(_MOCK / f"f/webhooks/{kind}.resource.yaml")["value"]
    return {name: _filled(value) for name, value in fields.items()}


def _filled(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("$var:"):
        return read_mapping(_MOCK / f"{value.removeprefix('$var:')}.variable.yaml")["value"]
    return value
