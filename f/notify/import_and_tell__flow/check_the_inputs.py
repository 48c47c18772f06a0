"""Check the inputs before anything is imported: one that nothing reads would be lost without a word."""

from typing import Any

# As the flow's form declares them; a test holds the two together.
INPUTS: dict[str, dict[str, Any]] = {
    "csv": {"type": "string", "contentEncoding": "base64"},
    "api": {"type": "object", "format": "resource-customer_api"},
    "on_duplicate": {"type": "string", "enum": ["skip", "update", "fail"]},
    "dry_run": {"type": "boolean"},
    "default_country": {"type": "string"},
    "max_bad_share": {"type": "number", "minimum": 0, "maximum": 1},
}


def main(arguments: str) -> None:
    from f.windmill.flow_inputs import check_inputs

    check_inputs(arguments, INPUTS)
