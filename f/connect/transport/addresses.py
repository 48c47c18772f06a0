"""Which addresses may be requested that a person entered: none of this machine or the network around it.

A job runs where databases, metadata services and Windmill itself are a request away, and who may start it
need not be somebody who may reach those. So on a server a webhook or a file's URL has to lead to a public
address. It is looked at when the connection is made, at every redirect too: what a name led to a moment
before proves nothing. What an administrator configured (the base_url of a resource) is not held to this.

The variable `f/connect/allowed_addresses` opens some: host names, addresses and networks, separated by commas
or spaces, as in `reports.internal, 10.20.0.0/16`. So does MILLWRIGHT_ALLOWED_ADDRESSES in the environment,
which a worker passes on only if WHITELIST_ENVS names it. With `mill`, on a laptop, all are open.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from f.connect.errors import ConnectError, FixInput
from f.windmill.values import variable_at

VARIABLE = "f/connect/allowed_addresses"
ENVIRONMENT = "MILLWRIGHT_ALLOWED_ADDRESSES"
_REMEMBERED_SECONDS = 60.0

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[..., list[Any]]  # as socket.getaddrinfo

# Public by the letter of the registries, and of no use to a request but a harmful one. The last is the host
# of every machine on Azure, which hands out its settings.
_CLOSED = tuple(
    map(
        ipaddress.ip_network,
        ("100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "168.63.129.16/32"),
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits


def is_public(text: str) -> bool:
    """Return whether an IP address is one of the open internet; what cannot be read is not."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return _is_public(address)


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and (inner := _embedded(address)) is not None:
        return all(map(_is_public, inner))
    closed = (
        not address.is_global
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or getattr(address, "is_site_local", False)
        or any(address in network for network in _CLOSED if network.version == address.version)
    )
    return not closed


def _embedded(address: ipaddress.IPv6Address) -> tuple[ipaddress.IPv4Address, ...] | None:
    """Return the IPv4 addresses that packets to this one may end at; None if it is no such form."""
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    if address in _NAT64:
        return (ipaddress.IPv4Address(int(address) & 0xFFFFFFFF),)
    return None


@dataclass(frozen=True, slots=True)
class Allowed:
    """What is open beside the public addresses: names, under which any address may be, and networks."""

    names: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Allowed:
        """Read a list of names, addresses and networks; what is none of them is a name that nothing has."""
        names, networks = set(), []
        for item in re.split(r"[\s,;]+", text.strip()):
            try:
                networks.append(ipaddress.ip_network(item.strip("[]"), strict=False))
            except ValueError:
                names.add(_plain(item))
        return cls(frozenset(names - {""}), tuple(networks))

    def admits(self, host: str, address: str) -> bool:
        """Return whether this address under this name is open."""
        if _plain(host) in self.names:
            return True
        try:
            read = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        forms = [read, *(_embedded(read) or () if isinstance(read, ipaddress.IPv6Address) else ())]
        return any(
            form in network for form in forms for network in self.networks if network.version == form.version
        )


def _plain(host: str) -> str:
    return host.lower().strip("[]").rstrip(".")


def is_on_server() -> bool:
    """Return whether this is a job of a real Windmill: one on a laptop has MILL in its environment."""
    here = os.environ.get("BASE_INTERNAL_URL") or os.environ.get("WM_BASE_URL")
    return bool(here) and not os.environ.get("MILL")


class GivenAddresses:
    """Finds the addresses of a host that a person named, without those that are closed."""

    def __init__(
        self,
        *,
        closed: Callable[[], bool] = is_on_server,
        allowed: Callable[[], Allowed] | None = None,
        resolve: Resolve = socket.getaddrinfo,
    ) -> None:
        self._closed, self._allowed, self._resolve = closed, allowed or _workspace_allows, resolve

    def find(self, host: str, port: int) -> list[str] | None:
        """Return the IP addresses to connect to; None: all are open, and no look-up is needed.

        FixInput if there is none but closed ones; OSError and UnicodeError as `socket.getaddrinfo`.
        """
        if not self._closed():
            return None
        found = self._resolve(host.strip("[]"), port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        usable = [address for address in addresses if is_public(address)]
        if len(usable) < len(addresses):  # the list is asked for by the few who need it
            allowed = self._allowed()
            usable = [address for address in addresses if is_public(address) or allowed.admits(host, address)]
        if not usable:
            raise FixInput(
                f"{host} is an address of this server or of the network around it, which is closed to what "
                "people enter. Give a public one, or have an administrator add it to the variable "
                f"{VARIABLE}.",
                code="address_not_allowed",
            )
        return usable


_lock = threading.Lock()
_known: dict[str | None, tuple[float, Allowed]] = {}  # by workspace


def _workspace_allows() -> Allowed:
    """Return what the workspace and the worker's environment open, not older than a minute."""
    workspace = os.environ.get("WM_WORKSPACE")
    with _lock:
        known = _known.get(workspace)
        if known is None or time.monotonic() - known[0] > _REMEMBERED_SECONDS:
            text = f"{os.environ.get(ENVIRONMENT, '')} {_variable()}"
            known = _known[workspace] = (time.monotonic(), Allowed.parse(text))
        return known[1]


def _variable() -> str:
    try:
        return variable_at(VARIABLE)
    except ConnectError:  # what cannot be read opens nothing
        return ""
