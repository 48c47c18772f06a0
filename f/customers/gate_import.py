"""Decide whether an import may send anything: a usable target, and few enough bad rows.

Fails with the reasons when too many rows are bad, or returns `decision: ask` when the input says that
a person shall decide. Sends nothing; a second run decides the same.
"""

from typing import Any, Literal

from f.connect.errors import FixInput
from f.connect.state import postgresql
from f.customers.state import journal_kind
from f.customers.summary import Gate
from f.customers.targets import customer_api, open_target


def main(
    parsed: dict,
    api: customer_api,
    max_bad_share: float = 0.2,
    on_too_many_bad: Literal["fail", "ask"] = "fail",
    on_duplicate: Literal["skip", "update", "fail"] = "skip",
    journal: postgresql | None = None,
) -> Gate:
    target = open_target(api)
    counts = parsed["counts"]
    bad, rows = counts["invalid"], counts["rows"]
    share = bad / rows if rows else 0.0
    decision: Literal["go", "ask"] = "go"
    message = f"{counts['valid']} of {rows} rows can be sent to {target.title}; {bad} cannot ({share:.1%})."
    if share > max_bad_share:
        message = f"{message} That is more than the {max_bad_share:.0%} allowed. {_worst(parsed['reasons'])}"
        if on_too_many_bad == "fail":
            raise FixInput(
                f"{message} Nothing was sent. Mend the file, or raise max_bad_share.",
                code="too_many_bad_rows",
            )
        decision = "ask"
    print(message)
    return {
        "decision": decision,
        "message": message,
        "target": target.title,
        "guarantee": target.guarantee(journal_kind(journal), on_duplicate),
    }


def _worst(reasons: list[dict[str, Any]]) -> str:
    """The commonest reasons, each with the first line that shows it."""
    invalid = sorted((r for r in reasons if r["outcome"] == "invalid"), key=lambda r: -r["rows"])
    named = [f"{r['code']} {r['rows']}x (first: line {r['examples'][0]['line']})" for r in invalid[:3]]
    return f"Most of them: {', '.join(named)}." if named else ""
