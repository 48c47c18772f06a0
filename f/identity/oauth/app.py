"""An app registered at a provider, as its resource says it is."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypedDict
from urllib.parse import urlsplit

from f.connect.errors import FixSettings
from f.connect.integration import resolve_url, url_faults
from f.connect.redact import digest_of, remember
from f.connect.sign_in.token_server import TokenServer
from f.identity.oauth.providers import PROVIDERS, Provider

CUSTOM = "custom"
_SHORTEST_KEY = 32  # characters of the seal key
_URLS = ("authorize_url", "token_url", "revoke_url", "userinfo_url", "device_url")


class oauth_app(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """An app at Google, GitHub or another provider (`custom`, by its URLs). `base_url` is for stand-ins."""

    provider: Literal["google", "github", "custom"]
    client_id: str
    client_secret: str
    redirect_uri: str
    scopes: list[str]
    seal_key: str
    return_paths: list[str]
    authorize_url: str
    token_url: str
    revoke_url: str
    userinfo_url: str
    device_url: str
    issuer: str
    client_auth: Literal["basic", "body"]
    base_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The checked resource. `name` is the provider's; its URLs are those that are really asked.

    `server_name`: the token address as it was written. A route of this Windmill, or of `mill`, is the same
    server wherever it listens.
    """

    name: str
    provider: Provider
    server_name: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    scopes: tuple[str, ...]
    seal_key: str = field(repr=False)
    return_paths: tuple[str, ...]

    @property
    def server(self) -> TokenServer:
        """Where tokens are asked for."""
        return TokenServer(
            url=self.provider.token_url,
            client_id=self.client_id,
            client_secret=self.client_secret,
            client_auth=self.provider.client_auth,
        )

    def key(self, *parts: str) -> str:
        """Return the key of what is kept for this app. Another client or server never shares it."""
        return digest_of("oauth_app", self.server_name, self.client_id, *parts)


def app_of(resource: Mapping[str, Any]) -> App:
    """Return the app of a resource; FixSettings with every fault of it."""
    if not isinstance(resource, Mapping):
        raise FixSettings("The OAuth app is not a resource of the type oauth_app.", code="bad_settings")
    fields = {name: value for name, value in resource.items() if value not in (None, "", [])}
    name = fields.get("provider", CUSTOM)
    faults = [*_text_faults(fields), *_faults(name, fields)]
    if faults:
        raise FixSettings(f"The OAuth app: {'; '.join(faults)}.", faults=faults, code="bad_settings")
    provider = _custom(fields) if name == CUSTOM else PROVIDERS[name]
    secret, seal_key = fields.get("client_secret", ""), fields["seal_key"]
    token_url = fields["token_url"] if name == CUSTOM else provider.token_url
    remember(secret, seal_key)
    return App(
        name=name,
        provider=_moved(provider, fields.get("base_url", "")),
        server_name=fields.get("base_url", "") + token_url,
        client_id=fields["client_id"],
        client_secret=secret,
        redirect_uri=fields.get("redirect_uri", ""),
        scopes=tuple(fields.get("scopes", ())) or provider.scopes,
        seal_key=seal_key,
        return_paths=tuple(fields.get("return_paths", ())),
    )


def _text_faults(fields: Mapping[str, Any]) -> Iterator[str]:
    for name, value in fields.items():
        if name in {"scopes", "return_paths"}:
            if not isinstance(value, list | tuple) or not all(_is_word(one) for one in value):
                yield f"{name} must be a list of texts without blanks"
        elif name in oauth_app.__annotations__ and (not isinstance(value, str) or not value.isprintable()):
            yield f"{name} must be a text on one line"


def _faults(name: object, fields: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(name, str) or (name != CUSTOM and name not in PROVIDERS):
        yield f"provider must be one of {', '.join([*PROVIDERS, CUSTOM])}"
        return
    if not fields.get("client_id"):
        yield "client_id is missing"
    if name != CUSTOM and not fields.get("client_secret"):
        yield "client_secret is missing"
    if len(str(fields.get("seal_key", ""))) < _SHORTEST_KEY:
        yield (
            f"seal_key must be a secret of at least {_SHORTEST_KEY} characters, such as what "
            "`openssl rand -base64 32` prints"
        )
    if name == CUSTOM:
        if not fields.get("token_url"):
            yield "token_url is missing"
        for one in _URLS:
            url = str(fields.get(one, "/"))
            # Some want more of every request, such as prompt=consent.
            yield from url_faults(one, url.partition("?")[0] if one == "authorize_url" else url)
        if fields.get("client_auth", "basic") not in ("basic", "body"):
            yield "client_auth must be basic or body"
    yield from url_faults("base_url", str(fields.get("base_url", "/")))
    yield from _redirect_faults(str(fields.get("redirect_uri", "")))


def _redirect_faults(uri: str) -> Iterator[str]:
    """RFC 6749, 3.1.2: absolute, without a fragment; https but for this machine (RFC 8252, 7.3)."""
    if not uri:
        return
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if not host or parts.scheme not in {"https", "http"} or parts.fragment or not uri.isascii():
        yield "redirect_uri must be a whole address without #, such as https://windmill.example.com/api/r/..."
    elif parts.scheme == "http" and not _is_loopback(host):
        yield "redirect_uri is plain http: codes would travel in the open"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_word(value: object) -> bool:
    return (
        isinstance(value, str)
        and value.isprintable()
        and value.isascii()
        and bool(value)
        and " " not in value
    )


def _custom(fields: Mapping[str, Any]) -> Provider:
    urls = {name: resolve_url(fields[name]) if fields.get(name) else "" for name in _URLS}
    return Provider(
        title=urlsplit(urls["token_url"]).hostname or CUSTOM,
        authorize_url=urls["authorize_url"],
        token_url=urls["token_url"],
        revoke_url=urls["revoke_url"],
        userinfo_url=urls["userinfo_url"],
        device_url=urls["device_url"],
        issuer=fields.get("issuer", ""),
        sends_issuer=bool(fields.get("issuer")),
        client_auth=fields.get("client_auth", "basic"),
        refresh="The provider gave no refresh token. Many give one only with the scope offline_access",
    )


def _moved(provider: Provider, base_url: str) -> Provider:
    """Return the provider with each address below `base_url`, at the path that it has."""
    if not base_url:
        return provider
    base = resolve_url(base_url)
    moved = {
        name: base + urlsplit(url)._replace(scheme="", netloc="").geturl()
        for name in _URLS
        if (url := getattr(provider, name))
    }
    return replace(provider, **moved)
