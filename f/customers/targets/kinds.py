"""The kinds of target that a resource can name. Each is a module beside this one that holds a `KIND`.

A new kind is one line here; `mill new target` writes it. A job loads the kind it sends to, and no other.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from f.connect.errors import FixSettings

if TYPE_CHECKING:
    from f.records.target.target import Kind

# The name of the module, and what the form of a resource calls it.
KINDS = {
    "generic": "A customer API (JSON)",
    "hubspot": "HubSpot",
    "salesforce": "Salesforce",
    "stripe": "Stripe",
}
# The settings that only some kinds have, as their traits say. A form shows them for every kind, so others may
# hold them empty.
OWN_SETTINGS = frozenset({"id_property", "external_id_field", "bulk_from"})


def kind_of(name: Any) -> Kind:
    """Return the kind of that name; FixSettings if there is none."""
    if not isinstance(name, str) or name not in KINDS:
        raise FixSettings(
            f"Unknown target kind {name!r} in the resource. Use one of: {', '.join(KINDS)}.",
            code="unknown_target_kind",
        )
    kind: Kind = importlib.import_module(f"f.customers.targets.{name}").KIND
    return kind
