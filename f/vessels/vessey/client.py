"""Vessey's API: requests built, replies read.

Its contract is `scripts/mill/twins/services/vessey/openapi.yaml`. Errors are
`{"error": {"code", "message"}}`, lists `{"data": [...], "next_cursor": ...}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from f.connect.calls.message import Request, Response
from f.connect.calls.reply_reader import line_of, named, read_object, unreadable, word_of
from f.connect.errors import (
    ConnectError,
    FixInput,
    FixSettings,
    SignInAgain,
    TryLater,
)
from f.connect.integration import ApiKey, Integration, RateLimit, Retry
from f.vessels.vessey.periods import to_query

if TYPE_CHECKING:
    from f.vessels.vessey.periods import Period

BASE_URL = "https://api.vessey.example/v1"
REQUESTS_PER_MINUTE = 100
TRACK_DAYS, PORT_CALL_DAYS = 31, 366
PAGE = 200  # the most that Vessey lists at a time


class vessey(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """An account at Vessey: its API key. `base_url` is for stand-ins."""

    api_key: str
    base_url: str
    requests_per_minute: int


def integration_of(resource: Mapping[str, Any], *, patience: Retry | None = None) -> Integration:
    """Return the account as the connection layer sees it; FixSettings for what is missing.

    `patience`: how long to wait for the limit and to try again, if not as usual.
    """
    if not isinstance(resource, Mapping):
        raise FixSettings("The Vessey resource is not an object with an api_key.", code="bad_settings")
    key = resource.get("api_key")
    if not isinstance(key, str) or not key.strip():
        raise FixSettings("The Vessey resource has no api_key.", code="bad_settings")
    if not key.isascii() or not key.isprintable():
        raise FixSettings("The api_key of the Vessey resource is not a line of ASCII.", code="bad_settings")
    per_minute = resource.get("requests_per_minute") or REQUESTS_PER_MINUTE
    if isinstance(per_minute, bool) or not isinstance(per_minute, int) or per_minute < 1:
        raise FixSettings("requests_per_minute must be a whole number above 0.", code="bad_settings")
    return Integration(
        name="vessey",
        base_url=resource.get("base_url") or BASE_URL,
        authentication=ApiKey(key=key.strip()),
        rate_limit=rate_limit_of(per_minute),
        retry=patience or Retry(),
    )


def rate_limit_of(per_minute: int) -> RateLimit:
    """Return the limit by which no minute has more than so many requests.

    What may go at once is a part of them: the first minute can carry it on top of the steady rate.
    """
    burst = max(1, per_minute // 10)
    return RateLimit(max_requests=max(1, per_minute - burst), time_window=60.0, burst_size=burst)


def vessel_request(imo: str) -> Request:
    """Return the request for a vessel as it stands now."""
    return Request(method="GET", path=f"vessels/{imo}", endpoint="vessel")


def track_request(imo: str, period: Period) -> Request:
    """Return the request for the first page of a track, oldest first."""
    params = {"start": to_query(period.start), "end": to_query(period.end), "limit": PAGE}
    return Request(method="GET", path=f"vessels/{imo}/track", params=params, endpoint="track")


def port_calls_request(imo: str, port: str, period: Period) -> Request:
    """Return the request for the first page of port calls, of a vessel or at a port, oldest first."""
    params = {
        "imo": imo or None,
        "port": port or None,
        "from": to_query(period.start),
        "to": to_query(period.end),
        "limit": PAGE,
    }
    return Request(method="GET", path="port-calls", params=params, endpoint="port_calls")


def compliance_request(imo: str) -> Request:
    """Return the request for a vessel's compliance record."""
    return Request(method="GET", path=f"vessels/{imo}/compliance", endpoint="compliance")


def search_request(params: Mapping[str, Any], limit: int) -> Request:
    """Return the request for the first page of vessels that match."""
    return Request(
        method="GET", path="vessels", params={**params, "limit": min(PAGE, limit)}, endpoint="search"
    )


def read_vessel(response: Response, imo: str) -> dict[str, Any]:
    """Return the vessel a reply is about, untranslated; raises if it is about another one, or about none."""
    body = checked(response)
    if not body.get("vessel_id"):
        raise unreadable(response, "Vessey", "a vessel")
    check_imo(response, body, imo)
    return body


def read_record(response: Response, imo: str) -> dict[str, Any]:
    """Return the compliance record a reply is about, untranslated; raises as `read_vessel` does."""
    body = checked(response)
    if "compliant" not in body:
        raise unreadable(response, "Vessey", "a compliance record")
    check_imo(response, body, imo)
    return body


def read_page(response: Response) -> list[dict[str, Any]]:
    """Return the objects of a page, untranslated; raises if it is not a page."""
    body = checked(response)
    found = body.get("data")
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise unreadable(response, "Vessey", "a list")
    cursor = body.get("next_cursor")
    if cursor is not None and not isinstance(cursor, str):
        raise unreadable(response, "Vessey", "a usable next_cursor")
    return found


def check_imo(response: Response, body: Mapping[str, Any], imo: str) -> None:
    """Raise if what was answered is about another vessel than was asked for."""
    told = body.get("imo")
    if str(told).zfill(7) != imo or isinstance(told, bool):
        raise named(
            TryLater(
                f"Vessey was asked about IMO {imo} and answered about another vessel, so the answer is of no "
                "use. Try again later; if it stays so, tell Vessey.",
                code="wrong_vessel",
            ),
            response,
        )


def check_matches(response: Response, name: str, told: object, wanted: object) -> None:
    """Raise if the service left out a filter: what it lists is then not what was asked for."""
    if wanted not in (None, "", told):
        raise named(
            TryLater(
                f"Vessey was asked for the {name} {wanted} and listed others as well, so the list is of "
                "no use. Try again later; if it stays so, tell Vessey.",
                code="filter_ignored",
            ),
            response,
        )


def checked(response: Response) -> dict[str, Any]:
    """Return the object a reply holds; raises what the service's error means, whoever it is from."""
    body = read_object(response)
    if response.success:
        if not body:
            raise unreadable(response, "Vessey", "a JSON object")
        return body
    told = body.get("error")
    error = told if isinstance(told, dict) else {}
    raise named(refusal(response, word_of(error.get("code")), line_of(error.get("message"))), response)


def refusal(response: Response, code: str, message: str) -> ConnectError:
    """Return what an error of Vessey means for the caller. One without a code is not Vessey's."""
    status = response.status
    why = f": {message.rstrip('.')}" if message else ""
    name = f"vessey_{code}" if code else f"http_{status}"
    if code == "vessel_not_found":
        return FixInput("Vessey knows no vessel with this IMO number. Check the number.", code=name)
    if status in {401, 403}:
        return SignInAgain(
            f"Vessey refused the API key ({code or status}). Check api_key in the resource.", code=name
        )
    if status in {404, 405, 410} or status < 400:
        return FixSettings(
            f"There is no Vessey at this address: it answered {status}. Check base_url.", code=name
        )
    if status in {408, 425, 429} or status >= 500:
        return TryLater(f"Vessey is busy or failed ({status}). Try again later.", code=name)
    return FixInput(f"Vessey refused what was asked for{why} ({code or status}).", code=name)
