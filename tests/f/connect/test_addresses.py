"""What a person enters reaches no address of the server or the network around it, however it is spelled."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from f.connect.client import Client
from f.connect.errors import ConnectError, FixInput, TryLater
from f.connect.integration import Integration
from f.connect.transport import addresses
from f.connect.transport.addresses import Allowed, GivenAddresses, is_on_server, is_public
from f.windmill.connection import disconnect
from tests.loopback import Asked, Loopback, Reply, serve


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("8.8.8.8", True),
        ("2606:4700:4700::1111", True),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::8.8.8.8", True),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("172.32.0.1", True),
        ("192.168.1.1", False),
        ("127.0.0.1", False),
        ("127.9.9.9", False),
        ("0.0.0.0", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("168.63.129.16", False),
        ("100.127.255.255", False),
        ("192.0.0.1", False),
        ("192.0.2.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("239.255.255.250", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::127.0.0.1", False),
        ("fc00::1", False),
        ("fd00:ec2::254", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("2001:db8::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::10.0.0.1", False),
        ("64:ff9b:1::1", False),
        ("2002:a00:1::", False),
        ("2001:0:a00:1::f5ff:fffe", False),
        ("no address", False),
    ],
)
def test_only_addresses_of_the_open_internet_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("text", "host", "address", "admitted"),
    [
        ("10.0.0.0/8", "a.internal", "10.1.2.3", True),
        ("10.0.0.0/8", "a.internal", "::ffff:10.1.2.3", True),
        ("10.0.0.0/8", "a.internal", "192.168.0.1", False),
        ("10.0.0.5/8", "a.internal", "10.1.2.3", True),
        ("reports.internal, fd00::/8", "Reports.Internal.", "192.168.0.1", True),
        ("reports.internal, fd00::/8", "x", "fd00::7", True),
        ("reports.internal", "evil.reports.internal", "192.168.0.1", False),
        ("[::1] 127.0.0.1", "localhost", "::1", True),
        ("", "", "127.0.0.1", False),
        (",,", "", "127.0.0.1", False),
        ("10.0.0.0/99", "x", "10.0.0.1", False),
    ],
)
def test_a_list_opens_names_and_networks(text: str, host: str, address: str, admitted: bool) -> None:
    assert Allowed.parse(text).admits(host, address) is admitted


@pytest.mark.parametrize(
    ("environment", "server"),
    [
        ({}, False),
        ({"WM_BASE_URL": "https://windmill.example.com"}, True),
        ({"BASE_INTERNAL_URL": "http://localhost:8000"}, True),  # as a worker of Windmill has it
        ({"BASE_INTERNAL_URL": "http://127.0.0.1:8000", "MILL": "1"}, False),
    ],
)
def test_a_job_of_windmill_runs_on_a_server_and_one_of_mill_does_not(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], server: bool
) -> None:
    for name in ("WM_BASE_URL", "BASE_INTERNAL_URL", "MILL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert is_on_server() is server


@pytest.fixture
def site() -> Iterator[Loopback]:
    def answer(asked: Asked) -> Reply:
        if asked.path.startswith("/to/"):
            return Reply(302, headers={"Location": "http://" + asked.path.removeprefix("/to/")})
        return Reply(body={"here": True})

    with serve(answer) as served:
        yield served


def get(url: str, given: GivenAddresses, path: str = "/x") -> Any:
    integration = Integration(name="given", base_url=url, allow_plain_http=True, timeout=5.0)
    with Client(integration, given=given) as client:
        return client.get(path).json


def closed(allowed: str = "", **options: Any) -> GivenAddresses:
    return GivenAddresses(closed=lambda: True, allowed=lambda: Allowed.parse(allowed), **options)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "169.254.169.254",
        "[fe80::1]",
    ],
)
def test_no_spelling_of_an_address_of_the_server_is_connected_to(site: Loopback, host: str) -> None:
    port = site.url.rpartition(":")[2]
    with pytest.raises(
        FixInput, match=r"is closed to what people enter.*f/connect/allowed_addresses"
    ) as caught:
        get(f"http://{host}:{port}", closed())
    assert caught.value.code == "address_not_allowed"
    assert site.asked == []


@pytest.mark.parametrize("host", ["localhost.", "LocalHost.", "127.0.0.1.", "127.0.0.1%00", "127.0.0.1 "])
def test_a_spelling_that_only_some_resolvers_know_leads_nowhere_else(site: Loopback, host: str) -> None:
    def resolve(_host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    with pytest.raises(ConnectError):
        get(f"http://{host}:{site.url.rpartition(':')[2]}", closed(resolve=resolve))
    assert site.asked == []


def test_an_open_name_is_reached_and_a_redirect_from_it_to_a_closed_address_is_not(site: Loopback) -> None:
    port = site.url.rpartition(":")[2]
    open_name = f"http://localhost:{port}"
    with pytest.raises(FixInput, match=r"127\.0\.0\.1 is an address of this server"):
        get(open_name, closed("localhost"), f"/to/127.0.0.1:{port}/secret")
    assert [asked.path for asked in site.asked] == [f"/to/127.0.0.1:{port}/secret"]
    assert get(open_name, closed("localhost"), f"/to/localhost:{port}/y") == {"here": True}


def test_what_is_looked_up_is_what_is_connected_to(site: Loopback) -> None:
    port = int(site.url.rpartition(":")[2])
    asked: list[str] = []

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        found = ["10.0.0.1", "127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]  # as a name that is rebound
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    assert get(f"http://files.example:{port}", closed("127.0.0.1", resolve=resolve)) == {"here": True}
    assert asked == ["files.example"]
    assert site.asked[0].headers["Host"] == f"files.example:{port}"


def test_a_name_that_leads_nowhere_is_said_as_ever() -> None:
    for host in ("no-such-host.invalid", "a" * 70 + ".example"):
        with pytest.raises((TryLater, FixInput)) as caught:
            get(f"http://{host}", closed())
        assert caught.value.code != "address_not_allowed"


def test_a_proxy_is_not_asked_for_a_closed_address(site: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", site.url)
    with pytest.raises(FixInput):
        get("http://10.0.0.1", closed())
    assert site.asked == []
    assert get("http://93.184.215.14", closed()) == {"here": True}


def test_the_variable_of_the_workspace_and_the_environment_open_addresses(
    site: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = 404

    def windmill(asked: Asked) -> Reply:
        assert asked.path == "/api/w/demo/variables/get_value/f/connect/allowed_addresses"
        return Reply(status, json.dumps("127.0.0.0/8").encode())

    monkeypatch.delenv("MILL", raising=False)
    with serve(windmill) as served:
        for name, value in {
            "BASE_INTERNAL_URL": served.url,
            "WM_BASE_URL": served.url,
            "WM_WORKSPACE": "demo",
            "WM_TOKEN": "t",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(addresses, "_known", {})
        with pytest.raises(FixInput):
            get(site.url, GivenAddresses())
        with pytest.raises(FixInput):  # remembered: the variable is not asked for at every connection
            get(site.url, GivenAddresses())
        assert len(served.asked) == 1
        status = 200
        monkeypatch.setattr(addresses, "_known", {})
        assert get(site.url, GivenAddresses()) == {"here": True}
        status = 403
        monkeypatch.setattr(addresses, "_known", {})
        monkeypatch.setenv("MILLWRIGHT_ALLOWED_ADDRESSES", "127.0.0.1")
        assert get(site.url, GivenAddresses()) == {"here": True}
        disconnect()
    monkeypatch.setattr(addresses, "_known", {})


def test_such_a_client_is_synchronous_only(site: Loopback) -> None:
    integration = Integration(name="given", base_url=site.url)
    with Client(integration, given=closed()) as client, pytest.raises(AssertionError, match="synchronous"):
        list(client.send_many([]))
