"""The token endpoint of an OAuth 2.0 server (RFC 6749, 3.2): one bounded request, and what its refusal means.

It is asked once. A code or a rotating refresh token that is sent twice may cost the whole sign-in, so whether
to ask again is for who holds the lease on the token (`shared_token`).
"""

# extra_requirements:
# certifi==2026.10.18
# charset-normalizer==3.5.2
# idna==3.20
# requests==2.34.2
# urllib3==2.8.0

from __future__ import annotations

import functools
import json
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeGuard, TypeVar

import requests

from f.connect.errors import ConnectError, FixSettings, SignInAgain, TryLater
from f.connect.redact import mask_start, mask_url

T = TypeVar("T")

# The whole token request, all addresses of the server and an answer that trickles included.
TOKEN_SECONDS = 30.0
_CONNECT_AND_READ = (5.0, 15.0)  # seconds for one address, and between two parts of the answer
_MOST_BYTES = 2**20
_MOST_SECONDS = 10 * 366 * 86_400.0  # more is as good as for ever, and no calendar has it
_SETTINGS_WRONG = frozenset(
    {"invalid_client", "invalid_scope", "unauthorized_client", "unsupported_grant_type", "invalid_request"}
)
_LATER = frozenset({"temporarily_unavailable", "server_error", "slow_down"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenServer:
    """Where tokens are asked for, and as which client. Without a secret the client is a public one."""

    url: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    client_auth: Literal["basic", "body"] = "basic"
    verify: bool = True

    def ask(self, form: Mapping[str, str]) -> Mapping[str, Any]:
        """Return what the server answers to a form; raises what its refusal means."""
        status, answer = self.post(form)
        if status >= 400 or answer.get("error"):  # GitHub states errors with status 200
            raise refusal(mask_url(self.url), status, answer)
        return answer

    def post(self, form: Mapping[str, str]) -> tuple[int, Mapping[str, Any]]:
        """Return the status and the JSON object, {} for any other body; TryLater if there is no answer."""
        auth, form = None, dict(form)
        if self.client_auth == "basic":
            auth = requests.auth.HTTPBasicAuth(  # UTF-8, as RFC 6749, 2.3.1 has it
                *(text.encode("utf-8", "replace") for text in (self.client_id, self.client_secret))
            )
        else:
            form |= {"client_id": self.client_id}
            form |= {"client_secret": self.client_secret} if self.client_secret else {}
        call = functools.partial(
            requests.post,
            self.url,
            data=form,
            auth=auth,
            headers={"Accept": "application/json"},
            timeout=_CONNECT_AND_READ,
            allow_redirects=False,
            verify=self.verify,
            stream=True,
        )
        answered = _within(TOKEN_SECONDS, functools.partial(_status_and_body, call))
        if isinstance(answered, requests.RequestException):
            url, why = mask_url(self.url), type(answered).__name__
            raise TryLater(f"The token server {url} was not reached ({why}).", code="token") from answered
        if isinstance(answered, Exception):
            raise answered
        status, body = answered
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            answer = {}
        return status, answer if isinstance(answer, dict) else {}


def refusal(url: str, status: int, answer: Mapping[str, Any]) -> ConnectError:
    """Name what RFC 6749, 5.2 calls `error`."""
    code = str(answer.get("error") or f"http_{status}")[:60]
    detail = mask_start(str(answer.get("error_description") or ""), 200)
    message = f"The token server {url} answered {status} {code}{': ' + detail if detail else ''}"
    if status >= 500 or status == 429 or code in _LATER:
        return TryLater(f"{message}. Try again later.", code="token", status=status)
    if code in _SETTINGS_WRONG:
        return FixSettings(
            f"{message}. Check client_id, client_secret, grant and scope.", code=code, status=status
        )
    return SignInAgain(
        f"{message}. Somebody has to sign in and give consent again.", code=code, status=status
    )


def seconds_of(value: Any) -> float:
    """Read expires_in, which some servers send as text; 0 if it is missing or not a number.

    At most ten years.
    """
    if isinstance(value, bool):
        return 0.0
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return min(seconds, _MOST_SECONDS) if 0 < seconds < float("inf") else 0.0


def is_token(value: Any) -> TypeGuard[str]:
    """Return whether it can be a token (RFC 6749, A.12 and A.17): printable ASCII, of some length."""
    return isinstance(value, str) and bool(value) and value.isascii() and value.isprintable()


def _status_and_body(call: Callable[[], requests.Response]) -> tuple[int, bytes]:
    with call() as reply:
        body = b""
        for part in reply.iter_content(2**16):
            body += part
            if len(body) > _MOST_BYTES:
                raise requests.exceptions.ContentDecodingError("the answer is far too long for a token")
        return reply.status_code, body


def _within(seconds: float, work: Callable[[], T]) -> T | Exception:
    """Return what `work` returns or raises, or a timeout after so many seconds.

    The timeouts of `requests` are per address and per read: a server that sends a byte now and then holds a
    call for ever. What has not ended by then is left behind and ends with the process at the latest.
    """
    results: queue.SimpleQueue[T | Exception] = queue.SimpleQueue()

    def run() -> None:
        try:
            results.put(work())
        except Exception as error:  # noqa: BLE001 - handed to the caller, who names it
            results.put(error)

    threading.Thread(target=run, name="token", daemon=True).start()
    try:
        return results.get(timeout=seconds)
    except queue.Empty:
        return requests.Timeout(f"no whole answer within {seconds:.0f} s")
