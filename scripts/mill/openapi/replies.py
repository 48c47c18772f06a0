"""What an operation answers: by Windmill itself, and by the script behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mill.openapi.reading.doors import Door
from mill.openapi.reading.schemas import Json
from mill.openapi.reading.targets import Target

ERROR: Json = {
    "type": "object",
    "description": "How a failed job is reported.",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "description": "Kind of the error."},
                "message": {"type": "string", "description": "What is wrong, and what to do."},
                "step_id": {"type": "string", "description": "The step of the flow that failed."},
            },
        }
    },
    "example": {"error": {"name": "FixInput", "message": "The input text is missing."}},
}
DENIED: Json = {
    "type": "object",
    "description": "How a wrong credential is answered.",
    "required": ["error"],
    "properties": {"error": {"type": "string"}},
    "example": {"error": "Unauthorized"},
}
_SENTENCE: Json = {"text/plain": {"schema": {"type": "string"}}}
_DENIED: Json = {"application/json": {"schema": {"$ref": "#/components/schemas/Denied"}}}
_FAILED: Json = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
_ANY_RESULT: Json = {"application/json": {"schema": {"description": "Any JSON."}}}
_OWN_REPLY: Json = {"*/*": {"schema": {}}}
_KEEPS_A_JOB = "The id of the job that was started. Inputs that it cannot use fail it; its result says why."


def of_webhook(target: Target, door: Door, *, waits: bool) -> Json:
    """Return the replies of a webhook."""
    refused: Json = {
        "400": _reply("The request cannot be read: no job was started.", _SENTENCE),
        "401": _reply("The token is missing or wrong.", _SENTENCE),
        "403": _reply("The token may not run this.", _SENTENCE),
        "404": _reply("There is no such script, flow or workspace.", _SENTENCE),
        "413": _reply("The body is larger than the server takes.", _SENTENCE),
        "415": _reply("Such a body is not taken: send JSON, a form or text.", _SENTENCE),
    }
    return (
        _merged(_done(target, door), _or_its_own(refused, target, door))
        if waits
        else _merged(_started(), refused)
    )


def of_route(route: Json, target: Target, door: Door) -> Json:
    """Return the replies of a route."""
    how = str(route.get("authentication_method"))
    free_path = any(sign in str(route.get("route_path")) for sign in ":*")
    refused: Json = {
        "400": _reply("The request cannot be read: no job was started.", _SENTENCE),
        **_denials(how),
        **({"404": _reply("No route has such a path.", _SENTENCE)} if free_path else {}),
        "413": _reply("The body is larger than the server takes.", _SENTENCE),
        "415": _reply("Such a body is not taken: send JSON, a form or text.", _SENTENCE),
    }
    is_async = route.get("request_type") == "async" or bool(route.get("is_async"))
    if is_async:
        return _merged(_started(), refused)
    return _merged(_done(target, door), _or_its_own(refused, target, door))


def _or_its_own(refused: Json, target: Target, door: Door) -> Json:
    """What Windmill refuses, where the script may answer with the same status and does not say which."""
    if door.replies or not target.shapes_reply:
        return refused
    return {
        status: {**reply, "content": {**reply["content"], **_OWN_REPLY}} for status, reply in refused.items()
    }


def _denials(how: str) -> Json:
    if how == "windmill":
        return {
            "401": _reply("The token is missing or wrong.", _SENTENCE),
            "403": _reply("The token may not call this route.", _SENTENCE),
        }
    if how == "signature":
        return {
            "400": _reply(
                "The request, its signature or its signed time cannot be read.", {**_SENTENCE, **_DENIED}
            ),
            "401": _reply("The signature is wrong.", _DENIED),
        }
    if how in ("api_key", "basic_http"):
        return {"401": _reply("The credential is missing or wrong.", _DENIED)}
    return {}


def _started() -> Json:
    content = {"text/plain": {"schema": {"type": "string", "format": "uuid"}}}
    location = {
        "description": "Where the job's result is read, with a token. `mill serve` sends it.",
        "schema": {"type": "string"},
    }
    return {"201": {**_reply(_KEEPS_A_JOB, content), "headers": {"Location": location}}}


def _done(target: Target, door: Door) -> Json:
    """What the job's end makes of the reply."""
    failed = {
        "422": _reply(
            "The job failed, or refused its inputs: the error says why.",
            _ANY_RESULT if target.any_failure else _FAILED,
        )
    }
    if door.replies:
        return {**{status: _declared(reply) for status, reply in door.replies.items()}, **failed}
    done: Json = {"200": _reply("The job's result.", _ANY_RESULT)}
    if not target.shapes_reply:
        return {**done, **failed}
    # Status, headers and body are the script's own, and it does not say which.
    own = _reply("The reply that the script makes: its status, headers and body.", _OWN_REPLY)
    failed["422"]["content"] = {**_ANY_RESULT, **_SENTENCE}
    done["200"]["content"] = _OWN_REPLY
    return {**done, "204": _reply("The job ended without a result.", {}), **failed, "default": own}


def _declared(reply: Mapping[str, object]) -> Json:
    """A reply as a module describes it."""
    content: Json = {}
    kind = str(reply.get("type", "application/json"))
    if kind:
        body: Json = {"schema": reply.get("schema", {"type": "string"} if kind.startswith("text/") else {})}
        if "example" in reply:
            body["example"] = reply["example"]
        content = dict.fromkeys(kind.split(" or "), body)
    made = _reply(str(reply.get("description", "")), content)
    headers = reply.get("headers")
    if isinstance(headers, dict):
        made["headers"] = {
            name: {"description": str(said), "schema": {"type": "string"}} for name, said in headers.items()
        }
    return made


def _reply(description: str, content: Json) -> Json:
    return {"description": description, **({"content": content} if content else {})}


def _merged(*several: Json) -> Json:
    """The replies of one after the other; two with one status are both described."""
    made: Json = {}
    for replies in several:
        for status, reply in replies.items():
            made[status] = _both(made[status], reply) if status in made else reply
    return dict(_in_order(made))


def _both(first: Json, second: Json) -> Json:
    joined = f"{first['description'].rstrip('.')}. Or: {second['description']}"
    content = {**second.get("content", {}), **first.get("content", {})}
    return {**second, **first, "description": joined, **({"content": content} if content else {})}


def _in_order(replies: Json) -> Iterator[tuple[str, Json]]:
    return iter(sorted(replies.items()))
