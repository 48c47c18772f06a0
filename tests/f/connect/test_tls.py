"""A certificate nobody vouches for ends a call before anything is sent."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from f.connect.calls.message import Request, Response
from f.connect.client import Client
from f.connect.errors import ConnectError, FixSettings
from f.connect.integration import BearerToken, Integration
from f.connect.transport.addresses import Allowed, GivenAddresses
from tests.f.connect.wire import Seen, Wire, read_request, reply


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that signed itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "cert.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


@pytest.fixture
def https(certificate: Path) -> Iterator[tuple[str, list[Seen]]]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    seen: list[Seen] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(plain, server_side=True) as connection:
                    while request := read_request(connection):
                        seen.append(request)
                        reply(200, {"id": "1"})(connection, Wire([]))
            except OSError:  # the client does not trust us
                plain.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}", seen
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


@pytest.mark.parametrize("many", [False, True], ids=["sync", "mass"])
def test_an_unknown_certificate_is_a_setting_to_fix_and_nothing_is_sent(
    https: tuple[str, list[Seen]], many: bool
) -> None:
    url, seen = https
    request = Request(method="POST", path="/x", json={})
    result: Response | ConnectError
    with Client(Integration(name="svc", base_url=url, authentication=BearerToken(token="t"))) as client:
        if many:
            [(_, result)] = client.send_many([request])
        else:
            with pytest.raises(FixSettings) as caught:
                client.request(request)
            result = caught.value
    assert isinstance(result, FixSettings)
    assert (result.code, result.attempts) == ("tls", 1)
    assert seen == []


@pytest.mark.parametrize("many", [False, True], ids=["sync", "mass"])
@pytest.mark.parametrize("trusted", [False, True], ids=["unverified", "own authority"])
def test_a_certificate_is_accepted_by_authority_or_by_order(
    https: tuple[str, list[Seen]],
    certificate: Path,
    trusted: bool,
    many: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url, seen = https
    if trusted:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    settings = Integration(name="svc", base_url=url, verify_ssl=trusted, allow_unverified_ssl=not trusted)
    with Client(settings) as client:
        result: Response | ConnectError
        if many:
            [(_, result)] = client.send_many([Request(method="GET", path="/x")])
        else:
            result = client.get("/x")
    assert not isinstance(result, Exception)
    assert result.success
    assert len(seen) == 1


def test_a_certificate_has_to_be_for_the_name_that_was_given_not_for_the_address_it_led_to(
    https: tuple[str, list[Seen]], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, seen = https
    port = int(url.rpartition(":")[2])
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))

    def resolve(_host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    given = GivenAddresses(closed=lambda: True, allowed=lambda: Allowed.parse("127.0.0.0/8"), resolve=resolve)
    with Client(Integration(name="svc", base_url=url), given=given) as client:
        assert client.get("/x").success
    named = Integration(name="svc", base_url=f"https://files.example:{port}")
    with Client(named, given=given) as client, pytest.raises(FixSettings) as caught:
        client.get("/y")
    assert caught.value.code == "tls"
    assert [request.path for request in seen] == ["/x"]
