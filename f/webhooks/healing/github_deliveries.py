"""GitHub's list of deliveries of one webhook, of the last three days.

https://docs.github.com/en/rest/repos/webhooks, https://docs.github.com/en/rest/orgs/webhooks: a delivery
that is sent again keeps its `guid` and has an entry of its own. GitHub sends nothing again by itself.

What was lost is read from the API rather than asked for again: that needs no route which GitHub can reach
just now, and ends within this job.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from f.connect.calls.message import Request
from f.connect.calls.reply_reader import id_of, named, objects_at, read_json, read_object, unreadable
from f.connect.errors import FixInput, FixSettings, GiveUpRecord, SignInAgain, WaitForQuota
from f.connect.integration import BearerToken, Integration, RateLimit
from f.connect.pagination import by_link, pages
from f.connect.times import DAY_SECONDS, parse_iso
from f.webhooks.healing.listing import Listed, as_told
from f.webhooks.requests.request import JSON

if TYPE_CHECKING:
    from collections.abc import Iterator

    from f.connect.calls.message import Response
    from f.connect.client import Client
    from f.webhooks.requests.event import IncomingEvent
    from f.webhooks.requests.source import Source

BASE_URL = "https://api.github.com"
API_VERSION = "2022-11-28"
_MOST_AT_A_TIME = 100
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
# Below what GitHub takes of one token in a minute (900 points, a read is one).
# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
_RATE = RateLimit(max_requests=600, time_window=60.0)


class github(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """A GitHub token. `base_url`: of an enterprise server, or of a stand-in."""

    token: str
    base_url: str


def integration_of(resource: Mapping[str, Any]) -> Integration:
    """Return the API as the connection layer sees it; FixSettings for what is missing."""
    token = str(resource.get("token") or "").strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise FixSettings(
            "The GitHub resource has no token, or one that is none. Give one that may read webhooks.",
            code="bad_settings",
        )
    return Integration(
        name="github",
        base_url=str(resource.get("base_url") or BASE_URL).strip(),
        authentication=BearerToken(token=token),
        default_headers={"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": API_VERSION},
        rate_limit=_RATE,
    )


def hook_path(repository: str, hook_id: int) -> str:
    """Return where a webhook lies in the API; FixInput for what names none.

    `repository`: owner/name, or the name of an organization.
    """
    parts = str(repository or "").strip().split("/")
    if len(parts) > 2 or not all(_NAME.fullmatch(part) and part.strip(".") for part in parts):
        raise FixInput(
            "Give the repository as owner/name, or the name of the organization whose webhook it is.",
            code="bad_repository",
        )
    number: object = hook_id
    if isinstance(number, bool) or not isinstance(number, int) or number <= 0:
        raise FixInput(
            "Give the hook_id: the number at the end of the webhook's address in GitHub's settings.",
            code="bad_hook",
        )
    return f"/{'repos' if len(parts) == 2 else 'orgs'}/{'/'.join(parts)}/hooks/{number}"


class GithubDeliveries:
    """The list of one webhook."""

    kind: Literal["github"] = "github"
    service = "GitHub"
    by_id = False
    # An hour less, so that what is listed can still be read.
    keeps = 3 * DAY_SECONDS - 3600

    def __init__(self, client: Client, hook: str) -> None:
        """`hook`: as `hook_path` says."""
        self._client, self._hook = client, hook
        self.header = ("x-github-hook-id", hook.rpartition("/")[2])

    def pages(self, since: float) -> Iterator[list[Listed]]:
        """Walk the list by its links. It is in the order of time, so that one old page is the last."""
        first = Request(
            method="GET",
            path=f"{self._hook}/deliveries",
            params={"per_page": _MOST_AT_A_TIME},
            endpoint="hook_deliveries",
        )
        for response in pages(self._ask, first, by_link()):
            deliveries = objects_at({"all": read_json(response)}, "all")
            if deliveries is None:
                raise unreadable(response, "GitHub", "a list of deliveries")
            listed = [_listed(response, delivery) for delivery in deliveries]
            young = [one for one in listed if one.at >= since]
            yield young
            if listed and not young:
                return

    def event(self, listed: Listed, source: Source) -> IncomingEvent:
        """Ask for the delivery as it was sent."""
        path = f"{self._hook}/deliveries/{listed.item['id']}"
        body = read_object(self._ask(Request(method="GET", path=path, endpoint="hook_delivery")))
        request = body.get("request")
        sent = request if isinstance(request, dict) else {}
        headers, payload = sent.get("headers"), sent.get("payload")
        if not isinstance(headers, dict) or not isinstance(payload, dict):
            raise GiveUpRecord(
                "GitHub does not show what it sent. Have it sent again by hand: in the webhook's settings, "
                "under Recent deliveries.",
                code="not_shown",
            )
        told = {str(name).lower(): value for name, value in headers.items() if isinstance(value, str)}
        if told.get("x-github-event") != listed.type.partition(".")[0]:
            raise GiveUpRecord("What it holds is another event than the list says.", code="unlike_its_list")
        return as_told(source, listed, JSON, json.dumps(payload).encode(), told)

    def _ask(self, request: Request) -> Response:
        """Ask once; raises what a refusal means."""
        response = self._client.request(request)
        if response.status in {403, 429} and _is_about_limits(response):
            raise named(
                WaitForQuota(
                    "GitHub takes no more requests of this token for now. Try again in an hour.",
                    code="rate_limited",
                ),
                response,
            )
        if response.status == 403:
            raise named(SignInAgain(f"GitHub does not let this token read the webhook. {_RIGHTS}"), response)
        if response.status == 404 and request.endpoint == "hook_delivery":
            raise named(GiveUpRecord("GitHub does not have it any more.", code="gone"), response)
        if response.status == 404:
            raise named(
                FixSettings(
                    f"GitHub shows no such webhook. Check repository and hook_id, and the token. {_RIGHTS}",
                    code="no_hook",
                ),
                response,
            )
        return response.raise_for_status()


_RIGHTS = (
    "A fine-grained token needs the permission Webhooks: read of the repository or organization; a classic "
    "one read:repo_hook or admin:org_hook."
)


def _is_about_limits(response: Response) -> bool:
    """Return whether a refusal is about how much was asked, and not about rights."""
    return response.headers.get("X-RateLimit-Remaining") == "0" or "Retry-After" in response.headers


def _listed(response: Response, delivery: Mapping[str, Any]) -> Listed:
    key, number, name = (id_of(delivery.get(one)) for one in ("guid", "id", "event"))
    at, action = parse_iso(delivery.get("delivered_at")), id_of(delivery.get("action"))
    if not key or not number or not name or at is None:
        raise unreadable(response, "GitHub", "guid, id, event and time of each delivery")
    key = key.lower()
    told = f"{name}.{action}" if action else name
    return Listed(key=key, type=told, at=at, provider_id=key, item={"id": number})
