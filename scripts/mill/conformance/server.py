"""The part of Windmill's API that a check of a server needs."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter

from mill.conformance.judge import Ended, shortened
from mill.errors import MillError

_TIMEOUT = (10, 60)  # seconds to connect, and to the next byte of an answer
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0  # seconds between two looks at a job
_CONNECTIONS = 64


class Refused(Exception):
    """The server answered with an error status; the text is what it said."""

    def __init__(self, what: str, status: int, said: str) -> None:
        super().__init__(f"{what} was answered {status}: {shortened(said, 300) or 'nothing'}")
        self.status = status
        self.said = said


class NoAnswer(Exception):
    """The server could not be reached, or broke off."""


class Hung(Exception):
    """A job did not end in its time; it has been canceled."""


class Stopped(Exception):
    """The check is being interrupted."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A server, a workspace on it, and the token that opens it, which is kept out of the repr."""

    url: str
    workspace: str
    token: str

    def __repr__(self) -> str:
        return f"Remote({self.url!r}, {self.workspace!r})"


class Server:
    """Calls one workspace. Used by many threads; `stopping` ends every wait."""

    def __init__(self, remote: Remote) -> None:
        self.remote = remote
        self.stopping = threading.Event()
        self._root = f"{remote.url}/api"
        self._session = requests.Session()
        self._session.auth = self._authorized  # as a header of the session, a .netrc would replace it
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=_CONNECTIONS))

    def get(self, path: str, **query: str) -> Any:
        """Ask for something of the workspace. Raises Refused and NoAnswer, as all calls here."""
        return _value(self._send("GET", self._inside(path), params=query))

    def post(self, path: str, body: Any, **query: str) -> Any:
        """Send JSON to the workspace."""
        return _value(self._send("POST", self._inside(path), json=body, params=query))

    def delete(self, path: str) -> None:
        """Delete something of the workspace."""
        self._send("DELETE", self._inside(path))

    def send(self, path: str, body: bytes, headers: dict[str, str], query: dict[str, str]) -> Any:
        """Post bytes to a path below `/api`, as a sender of webhooks does."""
        return _value(self._send("POST", path, data=body, headers=headers, params=query))

    def version(self) -> str:
        """Return what the server calls itself. MillError where no Windmill answers."""
        url = self.remote.url
        try:
            reply = self._send("GET", "/version")
        except NoAnswer as error:
            raise MillError(f"Cannot reach {url}: {error}. Check --url.", exit_code=3) from error
        except Refused as error:
            raise MillError(
                f"There is no Windmill at {url}: {error}. --url is what comes before /api."
            ) from error
        if reply.text.lstrip().startswith("<"):
            raise MillError(f"There is no Windmill at {url}: it answers /api/version with a page.")
        return reply.text.strip()

    def check_access(self) -> None:
        """MillError where the token or the workspace is not accepted."""
        workspace = self.remote.workspace
        try:
            self.get("users/whoami")
        except Refused as error:
            if not self._is_known():
                raise MillError(
                    f"{self.remote.url} does not accept the token in WM_TOKEN: make one in the account's "
                    "settings and export it."
                ) from error
            raise MillError(
                f"The token in WM_TOKEN does not open the workspace {workspace}: {error}. Check --workspace."
            ) from error
        except NoAnswer as error:
            raise MillError(f"Cannot reach {self.remote.url}: {error}.", exit_code=3) from error

    def wait(self, job: str, seconds: float) -> Ended:
        """Wait for a job. Raises Hung after `seconds`, Stopped when the check is; both cancel the job."""
        begun, pause = time.monotonic(), _FIRST_PAUSE
        while True:
            seen = self.get(f"jobs_u/completed/get_result_maybe/{job}")
            if seen.get("completed"):
                return Ended(bool(seen.get("success")), seen.get("result"), time.monotonic() - begun)
            if self.stopping.wait(pause):
                self._cancel(job)
                raise Stopped
            if time.monotonic() - begun > seconds:
                self._cancel(job)
                raise Hung(f"hung: no end after {seconds:.0f} s")
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _authorized(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.remote.token}"
        return request

    def _is_known(self) -> bool:
        """Return whether the token is somebody's, in whatever workspace."""
        try:
            self._send("GET", "/users/whoami")
        except (Refused, NoAnswer):
            return False
        return True

    def _cancel(self, job: str) -> None:
        try:
            self.post(f"jobs_u/queue/cancel/{job}", {"reason": "the check of the server ended"})
        except (Refused, NoAnswer):
            return  # it ended by itself, or nothing can be done about it

    def _inside(self, path: str) -> str:
        return f"/w/{quote(self.remote.workspace, safe='')}/{path}"

    def _send(self, method: str, path: str, **options: Any) -> requests.Response:
        try:
            reply = self._session.request(
                method, f"{self._root}{path}", timeout=_TIMEOUT, allow_redirects=False, **options
            )
        except requests.RequestException as error:
            raise NoAnswer(_reason(error)) from error
        if reply.is_redirect:
            place = shortened(reply.headers.get("location", ""), 200)
            raise Refused(f"{method} {path}", reply.status_code, f"a redirect to {place}; give that as --url")
        if not reply.ok:
            raise Refused(f"{method} {path}", reply.status_code, reply.text)
        return reply


def parse_url(text: str) -> str:
    """Return the root of a server; MillError for what is no URL of one."""
    url = text.strip().rstrip("/").removesuffix("/api")
    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.username
        _ = parts.port
    except ValueError:
        valid = False
    if not valid or parts.query or parts.fragment:
        raise MillError("--url must be the address of a server, such as https://windmill.example.com.")
    return url


def _value(reply: requests.Response) -> Any:
    try:
        return reply.json()
    except ValueError:
        return reply.text


def _reason(error: requests.RequestException) -> str:
    match error:
        case requests.exceptions.SSLError():
            return "its certificate is not accepted"
        case requests.Timeout():
            return "no answer in time"
        case requests.ConnectionError():
            return "no connection"
        case _:
            return type(error).__name__
