"""Turn a posted CSV, or a posted JSON object, into the flow's inputs."""

from typing import Any

from f.customers.inputs.posted_import import inputs_of
from f.windmill.posted import as_sent, read_event

# For `mill openapi`: inputs come as JSON fields, in the query, or as a body that is the file itself.
INPUTS_FROM = ("json", "query", "text/csv", "text/plain")


def preprocessor(event: dict[str, Any]) -> dict[str, Any]:
    del event  # in it Windmill has replaced references by what they name: see as_sent
    return inputs_of(read_event(as_sent()))
