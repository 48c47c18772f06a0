"""Turn a posted CSV into the flow's input: the body is the file, the query holds the options."""

import re
from typing import Any

_OPTIONS = ("default_country", "on_duplicate", "on_too_many_bad", "encoding", "delimiter", "apply_plan")
# Whoever may post a file may choose among this folder's targets, and read no other resource.
_TARGET = re.compile(r"f/customers/\w+")


def preprocessor(event: dict[str, Any]) -> dict[str, Any]:
    """Take the CSV from the raw body, or `text` or `url` from a JSON body."""
    body, query = event.get("body"), event.get("query") or {}
    options: dict[str, Any] = {name: query[name] for name in _OPTIONS if query.get(name)}
    options["dry_run"] = str(query.get("dry_run", "")).lower() in {"1", "true", "yes"}
    target = query.get("api")
    if target:
        if not _TARGET.fullmatch(target):
            raise ValueError(f"Not a target of this folder: api={target!r}. Try api=f/customers/crm.")
        options["api"] = f"$res:{target}"
    if isinstance(body, dict) and (body.get("text") or body.get("url")):
        return {"text": body.get("text"), "url": body.get("url"), **options}
    return {"text": event.get("raw_string") or "", **options}
