"""A secret that cannot check anything is our fault, told apart from a bad signature, and never quoted."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from f.connect.errors import FixSettings
from f.webhooks.requests.source import Kind, source_of
from f.webhooks.verifying.signature import secret_faults
from tests.f.webhooks.verifying.signed import ADDRESS, Signed
from tests.f.webhooks.verifying.vectors import BY_NAME, VECTORS


def _public(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> str:
    raw = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(raw).decode()


def _private_pem() -> str:
    return (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        .decode()
    )


KEY = BY_NAME["sendgrid"].source.secrets[0]
NO_KEYS = {
    "sendgrid: a password": ("sendgrid", "correct horse battery staple", "no public key in base64 or PEM"),
    "sendgrid: an API key": (
        "sendgrid",
        "SG.xxxxxxxxxxxx.yyyyyyyyyyyyyyyyyyyy",
        "no public key in base64 or PEM",
    ),
    "sendgrid: half of a key": ("sendgrid", KEY[:60], "as SendGrid's page shows it"),
    "sendgrid: a key with another point": ("sendgrid", KEY[:-6] + "AAAA==", "as SendGrid's page shows it"),
    "sendgrid: of P-384": (
        "sendgrid",
        _public(ec.generate_private_key(ec.SECP384R1())),
        "not of the curve P-256",
    ),
    "sendgrid: of secp256k1": (
        "sendgrid",
        _public(ec.generate_private_key(ec.SECP256K1())),
        "not of the curve P-256",
    ),
    "sendgrid: of RSA": (
        "sendgrid",
        _public(rsa.generate_private_key(65537, 2048)),
        "not of the curve P-256",
    ),
    "sendgrid: the private key": ("sendgrid", _private_pem(), "no public key in base64 or PEM"),
    "sendgrid: beyond ASCII": ("sendgrid", KEY[:-2] + "\u00e9", "no public key in base64 or PEM"),
    "standard: no base64": ("standard", "whsec_not base64!", "no base64"),
    "standard: the URL alphabet": ("standard", "whsec_MfKQ-r8_", "no base64"),
    "standard: nothing after the prefix": ("standard", "whsec_", "no base64"),
    "standard: an impossible length": ("standard", "whsec_AAAAA", "no base64"),
    "standard: the private key": ("standard", "whsk_" + "A" * 44, "sender's private key"),
    "standard: a short public key": ("standard", "whpk_AAAA", "of 32 bytes"),
    "standard: a public key as DER": (
        "standard",
        f"whpk_{_public(ed25519.Ed25519PrivateKey.generate())}",
        "of 32 bytes",
    ),
    **{
        f"{kind}: {secret!r}": (kind, secret, "secret is empty")
        for kind in ("stripe", "slack", "twilio", "github", "shopify", "hubspot", "generic")
        for secret in ("", "   ")
    },
    "github: beyond UTF-8": ("github", "hush\ud800", "UTF-8 cannot write"),
}


def _of(kind: Kind) -> Signed:
    return next(vector.request for vector in VECTORS if vector.request.source.kind == kind)


@pytest.mark.parametrize("case", NO_KEYS)
def test_a_secret_that_is_no_key_is_a_fault_of_the_settings(case: str) -> None:
    kind, secret, fault = NO_KEYS[case]
    request = _of(kind)  # type: ignore[arg-type]
    broken = request.with_secrets(secret)
    with pytest.raises(FixSettings, match="The webhook source in: secret ") as caught:
        broken.check()
    assert caught.value.code == "bad_settings"
    assert caught.value.faults == secret_faults(broken.source)
    assert fault in caught.value.faults[0]
    if len(secret.strip()) > len("whsec_"):
        assert secret not in str(caught.value)


def test_a_bad_previous_secret_is_named_by_its_place() -> None:
    request = BY_NAME["standard v1"]
    broken = request.with_secrets(*request.source.secrets, "whsec_AAAA", "no base64!", "whpk_AAAA")
    assert secret_faults(broken.source) == [
        "previous secret 2 is no base64, after whsec_ or whpk_ where it has one",
        "previous secret 3 is no ed25519 public key of 32 bytes after whpk_",
    ]
    with pytest.raises(FixSettings):
        broken.check()


def test_no_secret_at_all_lets_nobody_in() -> None:
    for vector in VECTORS:
        broken = vector.request.with_secrets()
        assert secret_faults(broken.source) == ["secret is missing"]
        with pytest.raises(FixSettings):
            broken.check()


@pytest.mark.parametrize("url", ["", "https://x.example.com/\n", "https://x.example.com/\ud800"])
@pytest.mark.parametrize("name", ["twilio form", "hubspot"])
def test_the_address_is_needed_where_it_is_signed(name: str, url: str) -> None:
    broken = BY_NAME[name].with_url(url)
    assert secret_faults(broken.source)[0].startswith("url is missing or not on one line")
    with pytest.raises(FixSettings):
        broken.check()


def test_right_settings_have_no_fault() -> None:
    for vector in VECTORS:
        assert secret_faults(vector.request.source) == [], vector.name


def test_a_key_in_pem_on_one_line_comes_through_the_resource() -> None:
    pem = f"-----BEGIN PUBLIC KEY----- {KEY[:64]} {KEY[64:]} -----END PUBLIC KEY-----"
    source = source_of(
        "sendgrid", {"kind": "sendgrid", "secret": pem, "storage_key": "k" * 32, "url": ADDRESS}
    )
    assert secret_faults(source) == []
    BY_NAME["sendgrid"].with_secrets(*source.secrets).check()
