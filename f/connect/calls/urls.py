"""Addresses: whose they are, and the one way to write each."""

from __future__ import annotations

from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port: what a credential belongs to (RFC 6454). ValueError if it is no URL."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)


def same_origin(url: str, base_url: str) -> bool:
    """Return whether a credential for `base_url` may go to `url`: the same origin."""
    return url.startswith(base_url + "/") or url == base_url or origin(url) == origin(base_url)


def normal_url(base_url: str, path: str = "") -> str:
    """Return an address as one way of writing it (RFC 3986, 6.2): what to know a place by, not to request.

    Scheme and host in lower case, no default port, no doubled or trailing slash, no dot segments.
    """
    whole = f"{base_url.strip().rstrip('/')}/{path.strip().lstrip('/')}"
    parts = urlsplit(whole)
    host = (parts.hostname or "").rstrip(".")
    port = parts.port
    if ":" in host:
        host = f"[{host}]"
    if port is not None and port != _DEFAULT_PORTS.get(parts.scheme):
        host = f"{host}:{port}"
    steps: list[str] = []
    for step in parts.path.split("/"):
        if step == "..":
            steps = steps[:-1]
        elif step not in {"", "."}:
            steps.append(step)
    place = "".join(f"/{step}" for step in steps)
    if parts.scheme and not host:  # a script of the workspace: no host, and no slash before its path
        place = f"{parts.scheme}:{place.removeprefix('/')}"
    return (f"{parts.scheme}://{host}" if host else "") + place + (f"?{parts.query}" if parts.query else "")
