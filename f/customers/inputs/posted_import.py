"""An import that is posted: the request becomes the inputs of f/customers/import_csv, and none is dropped.

Whoever may post a file need have no other right in the workspace. So the request may choose among this
folder's resources, and can name no other resource and no variable: Windmill would read it with the route's
rights.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from f.connect.errors import FixInput
from f.customers.inputs.import_inputs import IMPORT_CSV
from f.windmill.flow_inputs import from_query, reference_in

if TYPE_CHECKING:
    from f.windmill.posted import Posted

_RESOURCE = re.compile(r"(?:\$res:)?(f/customers/\w+)")
_RESOURCES = {"api": "crm", "journal": "import_journal"}


def inputs_of(posted: Posted) -> dict[str, Any]:
    """Return the flow's inputs. Raises FixInput for one named twice, and for a reference to what is not ours.

    Whether they are inputs of the flow, and can be used, is found out by its first step, at every door.
    """
    inputs = dict(posted.fields)
    if posted.raw:
        inputs["text"] = posted.raw
    for name, value in from_query(posted.query, IMPORT_CSV).items():
        if name in inputs and inputs[name] != value:
            raise FixInput(
                f"The input {name} is in the body and in the query, with two values. Leave one out.",
                code="named_twice",
            )
        inputs[name] = value
    return {name: _without_references(name, value) for name, value in inputs.items()}


def _without_references(name: str, value: Any) -> Any:
    if name in _RESOURCES and isinstance(value, str):
        return _resource(name, value)
    if reference := reference_in(value):
        kind = reference.partition(":")[0]
        raise FixInput(
            f"The input {name if name in IMPORT_CSV else 'sent'} has a value that begins with {kind}: which "
            "names a resource or a variable of the workspace. A request may name the target and the journal "
            "alone: api=f/customers/crm. Send the value itself.",
            code="reference_refused",
        )
    return value


def _resource(name: str, text: str) -> str:
    found = _RESOURCE.fullmatch(text)
    if not found:
        raise FixInput(
            f"The input {name} must name a resource of this folder, such as f/customers/{_RESOURCES[name]}, "
            "or be an object in JSON.",
            code="not_this_folder",
        )
    return f"$res:{found[1]}"
