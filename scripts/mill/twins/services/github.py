"""The twin of GitHub's API for the deliveries of webhooks, of repositories and of organizations.

https://docs.github.com/en/rest/repos/webhooks, https://docs.github.com/en/rest/orgs/webhooks
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from mill.strict_values import whole_number
from mill.twins.limits import RollingWindow
from mill.twins.message import Refused, Reply, Request
from mill.twins.twin import Route, Setup, Twin

_ATTEMPT = "attempt"
_DOCS = "https://docs.github.com/rest"
_REMAINING = "X-RateLimit-Remaining"
_MOST_AT_A_TIME = 100
_SCOPES = {"repos": "repos/{owner}/{name}", "orgs": "orgs/{owner}"}


class Delivery(BaseModel):
    """A delivery that was made. `hook`: "repos/acme/app/hooks/1", "orgs/acme/hooks/1"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hook: str
    guid: str
    event: str
    delivered_at: AwareDatetime
    payload: dict[str, Any]
    status_code: int = 200


_LIMITS = "/rate_limit"  # costs nothing of the limit it tells of


class Settings(BaseModel):
    """What there is. `rate_limit`: requests an hour; `keep_days`: how long deliveries are shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wrong_tokens: frozenset[str] = frozenset({"wrong"})
    blind_tokens: frozenset[str] = frozenset({"blind"})  # without the right to see webhooks
    hooks: frozenset[str] = frozenset()
    deliveries: tuple[Delivery, ...] = ()
    keep_days: float = 3
    rate_limit: Annotated[int, Field(ge=1)] = 5000
    token_expires: str = ""  # such as "2026-12-30 09:00:00 UTC"


@dataclass(frozen=True, slots=True)
class _Made:
    """A delivery with its number, the first time or again."""

    number: int
    delivery: Delivery
    at: datetime
    again: bool = False


def error(status: int, message: str) -> Reply:
    """Return an error in GitHub's shape."""
    return Reply(status, {"message": message, "documentation_url": _DOCS, "status": str(status)})


def build(setup: Setup) -> Twin:
    """Return the twin for `settings` of the form of Settings."""
    settings = Settings.model_validate(setup.settings)
    service = _Github(setup, settings)
    routes = [Route("GET", _LIMITS, "rate_limit", service.limits)]
    for scope, owner in _SCOPES.items():
        base = f"/{owner}/hooks/{{hook}}/deliveries"
        routes += [
            Route("GET", base, f"list_{scope}_deliveries", service.list_deliveries),
            Route("GET", f"{base}/{{number}}", f"get_{scope}_delivery", service.get),
            Route("POST", f"{base}/{{number}}/attempts", f"redeliver_{scope}_delivery", service.redeliver),
        ]
    return Twin(
        name="github",
        settings=settings,
        error=error,
        gate=service.gate,
        routes=routes,
        faults={"secondary_limit": _secondary_limit, "used_up": _used_up},
    )


class _Github:
    def __init__(self, setup: Setup, settings: Settings) -> None:
        self._ledger, self._records, self._clock = setup.ledger, setup.records, setup.clock
        self._settings = settings
        self._window = RollingWindow(settings.rate_limit, 3600)

    def gate(self, request: Request) -> Mapping[str, str]:
        """A program that says its name, a token, and room in this hour."""
        if not request.headers.get("user-agent"):
            message = "Request forbidden by administrative rules. Please give a User-Agent header."
            raise Refused(error(403, message))
        token = request.bearer
        if not token or token in self._settings.wrong_tokens:
            raise Refused(error(401, "Bad credentials" if token else "Requires authentication"))
        if request.path != _LIMITS and not self._window.admit():
            raise Refused(_used_up(request))
        return {
            "X-RateLimit-Limit": str(self._window.limit),
            _REMAINING: str(self._window.remaining),
            "X-GitHub-Api-Version-Selected": request.headers.get("x-github-api-version", "2022-11-28"),
        }

    def limits(self, _request: Request) -> Reply:
        """Return what is left of this hour; asking costs nothing of it."""
        window = self._window
        core = {
            "limit": window.limit,
            "remaining": window.remaining,
            "used": window.limit - window.remaining,
            "reset": int(self._clock()) + 3600,
        }
        headers = {"x-oauth-scopes": "admin:repo_hook"}
        if self._settings.token_expires:
            headers["github-authentication-token-expiration"] = self._settings.token_expires
        return Reply(200, {"resources": {"core": core}, "rate": core}, headers)

    def list_deliveries(self, request: Request) -> Reply:
        """Newest first, from the one that the cursor names."""
        hook = self._hook(request)
        size = whole_number(request.query.get("per_page", "30"))
        if size is None or not 1 <= size <= _MOST_AT_A_TIME:
            return error(422, "Invalid per_page.")
        made = self._made(hook)
        cursor = request.query.get("cursor")
        if cursor is not None:
            below = whole_number(cursor.removeprefix("v1_"))
            if below is None or not cursor.startswith("v1_"):
                return error(422, "Invalid cursor.")
            made = [one for one in made if one.number <= below]
        headers = {}
        if len(made) > size:
            query = urlencode({"per_page": size, "cursor": f"v1_{made[size].number}"})
            headers["Link"] = f'<{request.url}{request.path}?{query}>; rel="next"'
        return Reply(200, [_item(one) for one in made[:size]], headers)

    def get(self, request: Request) -> Reply:
        """Return one delivery, with what was sent."""
        one = self._one(request)
        if one is None:
            return error(404, "Not Found")
        delivery = one.delivery
        headers = {
            "Accept": "*/*",
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/twin",
            "X-GitHub-Delivery": delivery.guid,
            "X-GitHub-Event": delivery.event,
            "X-GitHub-Hook-ID": request.params["hook"],
        }
        sent = {"headers": headers, "payload": delivery.payload}
        got = {"headers": {}, "payload": "ok"}
        return Reply(200, {**_item(one), "url": "https://example.com/hook", "request": sent, "response": got})

    def redeliver(self, request: Request) -> Reply:
        """202; the delivery is made again, under its guid and a number of its own."""
        one = self._one(request)
        if one is None:
            return error(404, "Not Found")
        body = {"hook": one.delivery.hook, "guid": one.delivery.guid, "at": self._clock()}
        self._records.add(_ATTEMPT, body)
        self._ledger.append("redelivered", one.delivery.guid, body)
        return Reply(202, {})

    def _hook(self, request: Request) -> str:
        """Return which webhook the path names. One that the token may not see is not there."""
        hook = request.path[1 : request.path.rindex("/deliveries")]
        known = self._settings.hooks | {one.hook for one in self._settings.deliveries}
        if hook not in known or request.bearer in self._settings.blind_tokens:
            raise Refused(error(404, "Not Found"))
        return hook

    def _one(self, request: Request) -> _Made | None:
        number = whole_number(request.params["number"])
        return next((one for one in self._made(self._hook(request)) if one.number == number), None)

    def _made(self, hook: str) -> list[_Made]:
        """Return the deliveries that are still shown, newest first."""
        first = sorted(
            (one for one in self._settings.deliveries if one.hook == hook), key=lambda one: one.delivered_at
        )
        made = [_Made(place, one, one.delivered_at) for place, one in enumerate(first, 1)]
        by_guid = {one.guid: one for one in first}
        for record, attempt in self._records.page(_ATTEMPT, limit=10_000):
            if attempt["hook"] == hook and attempt["guid"] in by_guid:
                at = datetime.fromtimestamp(attempt["at"], UTC)
                made.append(_Made(len(first) + record, by_guid[attempt["guid"]], at, again=True))
        oldest = self._clock() - self._settings.keep_days * 86_400
        return [one for one in reversed(made) if one.at.timestamp() >= oldest]


def _item(one: _Made) -> dict[str, Any]:
    delivery = one.delivery
    at = one.at.astimezone(UTC)
    return {
        "id": one.number,
        "guid": delivery.guid,
        "delivered_at": f"{at:%Y-%m-%dT%H:%M:%S}Z",
        "redelivery": one.again,
        "duration": 0.1,
        "status": "OK" if delivery.status_code < 400 else f"Invalid HTTP Response: {delivery.status_code}",
        "status_code": delivery.status_code,
        "event": delivery.event,
        "action": delivery.payload.get("action"),
        "installation_id": None,
        "repository_id": None,
        "throttled_at": None,
    }


def _secondary_limit(_request: Request) -> Reply:
    reply = error(403, "You have exceeded a secondary rate limit. Please wait a few minutes.")
    reply.headers = {"Retry-After": "60"}
    return reply


def _used_up(_request: Request) -> Reply:
    reply = error(403, "API rate limit exceeded.")
    reply.headers = {_REMAINING: "0"}
    return reply
