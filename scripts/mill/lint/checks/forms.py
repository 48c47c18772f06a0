"""WM3: what people see of a script or flow before they run it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mill.lint.sources.document import Document, Keys, mapping
from mill.lint.sources.finding import Finding

# Settings that only the Enterprise Edition acts on; the Community Edition ignores them, some with a warning.
ENTERPRISE = {
    *("concurrent_limit", "concurrency_time_window_s", "concurrency_key", "custom_concurrency_key"),
    *("debounce_key", "debounce_delay_s", "debouncing", "debounce_args_to_accumulate"),
    *("max_total_debouncing_time", "max_total_debounces_amount"),
    *("priority", "delete_after_use", "delete_after_secs", "dedicated_worker"),
    *("on_failure", "on_success", "on_recovery", "user_auth_required"),
}


def check_form(document: Document, *, kind: str) -> Iterator[Finding]:
    """Yield findings for a .script.yaml or flow.yaml: `kind` is "script" or "flow"."""
    data = mapping(document.data)
    for code, key in (("WM301", "summary"), ("WM302", "description")):
        if not str(data.get(key) or "").strip():
            yield document.place((key,)).find(
                code, f"The {kind} has no {key}.", f"Write what it does: people pick it by its {key}."
            )
    for name, spec in mapping(mapping(data.get("schema")).get("properties")).items():
        if not str(mapping(spec).get("description") or "").strip():
            yield document.place(("schema", "properties", name)).find(
                "WM303",
                f"The input {name} has no description.",
                "Say what to enter, with an example or a unit.",
            )


def check_enterprise(document: Document) -> Iterator[Finding]:
    """Yield settings that do nothing without a licence, at any depth."""
    yield from _enterprise(document, document.data, ())


def _enterprise(document: Document, value: Any, keys: Keys) -> Iterator[Finding]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _enterprise(document, item, (*keys, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in {"schema", "input_transforms", "args", "value"} and not isinstance(item, dict | list):
                continue
            if key in ENTERPRISE and item not in (None, False, "", [], {}):
                yield document.place((*keys, key)).find(
                    "WM413",
                    f"{key} works in the Enterprise Edition only.",
                    "Remove it, or do it in the script: elsewhere it is ignored.",
                )
            elif key not in {"schema", "input_transforms", "args"}:
                yield from _enterprise(document, item, (*keys, key))
