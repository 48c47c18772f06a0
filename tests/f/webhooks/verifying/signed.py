"""Requests that are signed as providers sign them, and how tests change one field of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from f.webhooks.requests.refusal import RefuseRequest
from f.webhooks.requests.request import WebhookRequest
from f.webhooks.requests.source import Kind, Source
from f.webhooks.verifying.signature import verify

NOW = 1_700_000_000.0
ADDRESS = "https://hooks.example.com/api/r/main/webhooks/in?team=7"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Signed:
    """A request, the source that it is for, and the time it is looked at."""

    source: Source
    request: WebhookRequest
    now: float = NOW

    def check(self) -> None:
        verify(self.request, self.source, self.now)

    def refusal(self) -> RefuseRequest | None:
        try:
            self.check()
        except RefuseRequest as error:
            return error
        return None

    def accepted(self) -> bool:
        return self.refusal() is None

    def header(self, name: str) -> str:
        return self.request.headers[name]

    def with_header(self, name: str, value: str | None) -> Signed:
        headers = {key: text for key, text in self.request.headers.items() if key != name}
        if value is not None:
            headers[name] = value
        return self.with_request(headers=headers)

    def with_body(self, body: bytes) -> Signed:
        return self.with_request(body=body)

    def with_secrets(self, *secrets: str) -> Signed:
        return self.with_source(secrets=secrets)

    def with_url(self, url: str) -> Signed:
        return self.with_source(url=url)

    def with_source(self, **fields: object) -> Signed:
        return dataclasses.replace(self, source=dataclasses.replace(self.source, **fields))  # type: ignore[arg-type]

    def with_request(self, **fields: object) -> Signed:
        return dataclasses.replace(self, request=dataclasses.replace(self.request, **fields))  # type: ignore[arg-type]

    def at(self, now: float) -> Signed:
        return dataclasses.replace(self, now=now)


Change = Callable[[Signed], Signed]


def signed(
    kind: Kind,
    secret: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    url: str = ADDRESS,
    method: str = "POST",
    now: float = NOW,
) -> Signed:
    """Return a request for a source of this kind."""
    source = Source(name="in", kind=kind, secrets=(secret,), storage_key="k" * 32, url=url)
    names = {name.lower(): value for name, value in headers.items()}
    return Signed(source, WebhookRequest(method, url, names, body), now)
