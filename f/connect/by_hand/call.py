"""One call as a person asks for it in a form: checked, built, and what its answer proves, in a sentence.

Pure: nothing here sends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from f.connect.calls.message import READS, Request, base_headers, prepare
from f.connect.calls.reply_reader import detail_of, id_of, read_json
from f.connect.errors import FixInput
from f.connect.integration import ApiKey, NoAuth, OAuth2, SignedJwt
from f.connect.redact import MASK, hide, is_secret_name, mask_headers

if TYPE_CHECKING:
    from f.connect.calls.message import Response
    from f.connect.integration import Integration

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
Outcome = Literal["read", "done", "accepted", "refused", "in_doubt", "not_sent"]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_DEEPEST = 100  # levels of JSON that are shown
_NEXT_STEPS = {
    400: "The API refused the request as it is: correct it by what the answer says, and send it again",
    403: "The credential may not do this. Give it the right, or use another",
    404: "There is no such path or record. Check the path, and base_url",
    405: "The path does not take this method. Check both",
    406: "The API cannot answer in a form that was asked for. Check the header Accept",
    409: "It conflicts with what is there, such as a record of the same kind. Look at what is there first",
    410: "What this path led to is gone for good",
    412: "A condition in the headers does not hold, such as If-Match: what is there has changed",
    413: "The body is larger than the API takes",
    415: "The API does not take this kind of body. Check the header Content-Type",
    422: "The API understood the request and refused what it holds: correct it by what the answer says",
    428: "The API wants a condition in the headers, such as If-Match",
}
_MESSAGE_FIELDS = ("message", "detail", "error_description", "title", "error")


class Preview(TypedDict):
    """A request as it would be sent, without what says who we are."""

    method: str
    url: str
    headers: dict[str, str]
    body: Any
    credential: str
    repeatable: bool


class CallResult(TypedDict):
    """What became of a call. `message` says what the answer proves, and what to do next.

    `outcome`: read; done: the answer says that a write was applied; accepted: the API will do it later;
    refused: nothing was applied; in_doubt: the answer proves neither; not_sent: a dry run. `rows` are those
    of all pages that were read, and `more` says that there are others. `request`: of a dry run.
    """

    outcome: Outcome
    message: str
    call: str
    status: int | None
    headers: dict[str, str]
    body: Any
    rows: list[Any] | None
    pages: int
    more: bool
    milliseconds: float | None
    attempts: int
    request_id: str
    request: Preview | None


def request_of(
    method: str,
    path: str,
    *,
    params: object = None,
    headers: object = None,
    body: Any = None,
    idempotency_key: str = "",
) -> Request:
    """Return the request; FixInput for what cannot be one, as a whole address: it may lead anywhere."""
    verb = str(method or "GET").strip().upper()
    if verb not in METHODS:
        raise FixInput(f"method is {method!r}: it can be {', '.join(METHODS)}.", code="bad_method")
    where = str(path or "").strip()
    if "://" in where.partition("?")[0] or where.startswith("//"):
        raise FixInput(
            "The path is a whole address. Give the part below the resource's base_url, such as /customers.",
            code="absolute_path",
        )
    if verb in READS and body not in (None, {}, ""):
        raise FixInput(
            f"A {verb} has no body. Put what selects into params, or choose POST.", code="bad_body"
        )
    query, more = _mapping("params", params), _mapping("headers", headers)
    wrong = [name for name, value in more.items() if not isinstance(value, str | int | float)]
    if wrong:
        raise FixInput(f"headers must hold texts: {', '.join(wrong)} does not.", code="bad_headers")
    key = str(idempotency_key or "").strip()
    if key and verb in READS:
        raise FixInput(f"A {verb} changes nothing, so it takes no idempotency_key.", code="bad_key")
    return Request(
        method=verb,
        path=where,
        params=query or None,
        headers={name: str(value) for name, value in more.items()} or None,
        json=None if body in (None, "") or (verb in READS) else body,
        idempotency_key=key or None,
    )


def _mapping(name: str, value: object) -> dict[str, Any]:
    if value is None or value == "":
        return {}
    if not isinstance(value, Mapping):
        raise FixInput(f'{name} must be an object, such as {{"limit": 10}}.', code=f"bad_{name}")
    return {str(key): item for key, item in value.items()}


def preview_of(request: Request, integration: Integration, base_url: str) -> Preview:
    """Return the request as it would be sent. The credential and other secrets are named, and not shown."""
    outgoing = prepare(request, base_url, base_headers(integration.default_headers))
    headers = {
        name: MASK if is_secret_name(name) and name.lower() != "idempotency-key" else hide(value)
        for name, value in outgoing.headers.items()
    }
    return Preview(
        method=outgoing.method,
        url=hide(outgoing.url),
        headers=headers,
        body=_hidden(request.json),
        credential=_credential(integration),
        repeatable=request.may_repeat,
    )


def _hidden(body: Any, depth: int = _DEEPEST) -> Any:
    """Return a body without the secrets that this process knows; what lies too deep is left out."""
    if isinstance(body, str):
        return hide(body)
    if isinstance(body, Mapping | list) and not depth:
        return MASK
    if isinstance(body, Mapping):
        return {hide(str(name)): _hidden(item, depth - 1) for name, item in body.items()}
    return [_hidden(item, depth - 1) for item in body] if isinstance(body, list) else body


def _credential(integration: Integration) -> str:
    """Return where the credential goes, in words."""
    settings: Any = integration.authentication
    match settings:
        case NoAuth():
            return "none"
        case ApiKey(name=name, location=location):
            return f"an API key in the {location} {name}"
        case OAuth2(grant=grant):
            return f"a token of OAuth 2.0 ({grant}) in the header Authorization"
        case SignedJwt(algorithm=algorithm):
            return f"a token signed with {algorithm} in the header Authorization"
    return f"{settings.type.replace('_', ' ')} in the header Authorization"


def result_of(response: Response, *, shown_bytes: int) -> CallResult:
    """Return what an answer proves, and the answer; a body beyond `shown_bytes` is cut, and said to be."""
    outcome, message = explain(response)
    body, note = _body_of(response, shown_bytes)
    return CallResult(
        outcome=outcome,
        message=f"{message}{note}",
        call=response.call,
        status=response.status,
        headers=mask_headers(response.headers),
        body=body,
        rows=None,
        pages=1,
        more=False,
        milliseconds=round(response.elapsed * 1000, 1),
        attempts=response.attempts,
        request_id=response.request_id,
        request=None,
    )


def _body_of(response: Response, shown_bytes: int) -> tuple[Any, str]:
    """Return the body as JSON or text without secrets this process knows, and a sentence if it was cut."""
    if len(response.body) > shown_bytes:
        text = hide(response.text[:shown_bytes])
        return text, f" Of its {len(response.body):,} bytes the first {shown_bytes:,} are shown."
    found = read_json(response)
    return (_hidden(found) if found is not None else hide(response.text)), ""


def explain(response: Response) -> tuple[Outcome, str]:
    """Return what an answer proves of the call, and a sentence with what to do next."""
    request, status = response.request, response.status
    said = f"{response.call} answered {status} in {response.elapsed * 1000:.0f} ms"
    twin = ", from the stand-in" if response.source == "twin" else ""
    if 300 <= status < 400:
        return "refused", f"{said}{twin}: the record is elsewhere. Check base_url and the path."
    if status >= 400:
        return _explain_refusal(response, f"{said}{twin}")
    if request.is_read:
        return "read", f"{said}{twin}. {_content(response)}"
    if status == 202:
        return "accepted", f"{said}{twin}: the API will do it later. Look it up to see what became of it."
    if status in {201, 204} or read_json(response) is not None:
        made = _id_in(response)
        return "done", f"{said}{twin}: it was applied{f', and has the id {made}' if made else ''}."
    what = "nothing" if not response.body else "what is no JSON, as a proxy's page"
    return "in_doubt", (
        f"{said}{twin} with {what}, which does not prove that it was applied. Look it up before you send it "
        "again."
    )


def _explain_refusal(response: Response, said: str) -> tuple[Outcome, str]:
    body = read_json(response)
    why = detail_of(response, next((text for text in _messages(body)), None)).rstrip(".")
    told = f'{said}: "{why}".' if why else f"{said}."
    what = _NEXT_STEPS.get(response.status, _NEXT_STEPS[400])
    if response.request.is_read:
        return "refused", f"{told} {what}."
    if response.in_doubt:
        return "in_doubt", (
            f"{told} An earlier attempt of this call had no answer and may have been applied, so this may be "
            "its own doing. Look it up."
        )
    if body is None and response.body:
        return "in_doubt", (
            f"{told} The answer is no JSON, so it may be a proxy's and not the API's. {what}; look whether "
            "it was applied."
        )
    return "refused", f"{told} Nothing was applied. {what}."


def _messages(body: Any, depth: int = 2) -> list[str]:
    """Return what an API says of an error, in the fields that most have it in."""
    if isinstance(body, list) and body:
        return _messages(body[0], depth)
    if not isinstance(body, dict):
        return []
    texts = [body[name] for name in _MESSAGE_FIELDS if isinstance(body.get(name), str) and body[name]]
    if texts or not depth:
        return texts
    return next(
        (found for name in ("error", "errors") if (found := _messages(body.get(name), depth - 1))), []
    )


def _content(response: Response) -> str:
    if response.request.method == "HEAD" or not response.body:
        return "The answer has no body."
    body = read_json(response)
    if body is None:
        kind = response.headers.get("Content-Type", "no content type").split(";")[0]
        return f"The answer is no JSON ({kind}), and shown as text."
    if isinstance(body, list):
        return f"It holds a list of {len(body)}."
    items = body.items() if isinstance(body, dict) else ()
    lists = [f"{len(item)} in {name}" for name, item in items if isinstance(item, list)]
    return f"It holds {', '.join(lists[:3])}." if lists else "It holds JSON."


def _id_in(response: Response) -> str:
    body = read_json(response)
    return id_of(body.get("id")) if isinstance(body, dict) else ""
