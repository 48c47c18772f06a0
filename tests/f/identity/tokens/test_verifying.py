"""A token is taken only if all of it is as the settings say; each refusal has a class, a code, a sentence."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from f.connect.errors import ConnectError, FixInput, FixSettings, SignInAgain
from f.identity.tokens.manager import JwtManager
from tests.f.connect.wire import FakeClock
from tests.f.identity.tokens.conftest import (
    AUDIENCE,
    EC,
    KEYS,
    OTHER_EC,
    RSA,
    SECRET,
    claims_at,
    made,
    public_pem_of,
    resource,
)

NOW = FakeClock().time


def b64(raw: bytes | str) -> str:
    raw = raw.encode() if isinstance(raw, str) else raw
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def written(header: str, claims: str) -> str:
    """A token of texts as they are, with a true signature: what is wrong with it is the text alone."""
    signed = f"{b64(header)}.{b64(claims)}"
    return f"{signed}.{b64(hmac.digest(SECRET.encode(), signed.encode(), 'sha256'))}"


HEADER = '{"alg":"HS256","typ":"JWT"}'
GOOD = json.dumps(claims_at(NOW))


def verify(token: Any, **settings: Any) -> dict[str, Any]:
    return JwtManager(resource(**settings), clock=FakeClock()).verify(token)


def refusal(token: Any, **settings: Any) -> ConnectError:
    with pytest.raises(ConnectError) as caught:
        verify(token, **settings)
    return caught.value


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://evil.example.com"}, "wrong_issuer"),
        ({"iss": ...}, "wrong_issuer"),
        ({"iss": "https://id.example.com/"}, "wrong_issuer"),
        ({"aud": "https://other.example.com"}, "wrong_audience"),
        ({"aud": ...}, "wrong_audience"),
        ({"aud": []}, "wrong_audience"),
        ({"aud": {"https://api.example.com": 1}}, "wrong_audience"),
        ({"aud": [AUDIENCE, 1]}, "wrong_audience"),
        ({"aud": f"{AUDIENCE} other"}, "wrong_audience"),
        ({"exp": ...}, "no_expiry"),
        ({"exp": NOW - 31}, "token_expired"),
        ({"exp": NOW - 30}, "token_expired"),
        ({"nbf": NOW + 31}, "token_not_yet_valid"),
        ({"iat": NOW + 31}, "token_not_yet_valid"),
    ],
)
def test_claims_that_are_not_as_the_settings_say(changes: dict[str, Any], code: str) -> None:
    error = refusal(made(claims_at(NOW, **changes)))
    assert (type(error), error.code) == (SignInAgain, code)
    assert str(error).startswith("The token is refused: ")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": [AUDIENCE]},
        {"aud": ["https://other.example.com", AUDIENCE]},
        {"exp": NOW - 29},
        {"exp": NOW + 0.5},
        {"nbf": NOW + 30, "iat": NOW + 30},
        {"iat": ..., "sub": ...},
        {"name": "Ödön 🚢", "deep": [[[{"a": []}]]]},
    ],
)
def test_claims_that_are_as_the_settings_say_and_pyjwt_agrees(
    changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = claims_at(NOW, **changes)
    token = made(claims)
    assert verify(token) == claims
    options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    theirs = jwt.decode(token, EC.public_key(), algorithms=["ES256"], audience=AUDIENCE, options=options)
    assert theirs == claims


def test_a_token_without_audience_is_for_nobody_in_particular() -> None:
    assert verify(made(claims_at(NOW, aud=...)), audience="")["sub"] == "ada"
    assert refusal(made(claims_at(NOW)), audience="").code == "wrong_audience"


@pytest.mark.parametrize("exp", ["1700000600", True, None, [], 1e300, -1, 1_700_000_600_000])
@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
def test_a_time_that_is_none_is_no_token(name: str, exp: Any) -> None:
    error = refusal(written(HEADER, json.dumps(claims_at(NOW, **{name: exp}))), algorithm="HS256")
    assert (type(error), error.code) == (FixInput, "not_a_jwt")


def none(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, "", algorithm="none")


def confused(claims: dict[str, Any]) -> str:
    """HS256 with the public key as its secret, which everybody has."""
    signed = f"{b64(HEADER)}.{b64(json.dumps(claims))}"
    return f"{signed}.{b64(hmac.digest(public_pem_of(EC).encode(), signed.encode(), 'sha256'))}"


@pytest.mark.parametrize(
    "forge",
    [
        none,
        confused,
        lambda claims: jwt.encode(claims, SECRET, algorithm="HS256"),
        lambda claims: made(claims, RSA, "RS256"),
        lambda claims: made(claims, RSA, "PS256"),
        lambda claims: written('{"alg":"es256"}', json.dumps(claims)),
    ],
    ids=["none", "public key as secret", "HS256", "RS256", "PS256", "lower case"],
)
def test_the_algorithm_is_the_settings_and_never_the_tokens(forge: Callable[[dict[str, Any]], str]) -> None:
    error = refusal(forge(claims_at(NOW)))
    assert (type(error), error.code) == (SignInAgain, "wrong_algorithm")


def test_a_public_key_is_no_shared_secret() -> None:
    pem = public_pem_of(EC)
    with pytest.raises(FixSettings, match="a PEM key"):
        verify(confused(claims_at(NOW)), algorithm="HS256", key=pem)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"typ": "at+jwt"}, "wrong_token_type"),
        ({"typ": "secevent+jwt"}, "wrong_token_type"),
        ({"typ": 1}, "wrong_token_type"),
        ({"crit": ["exp"]}, "unknown_extension"),
        ({"crit": []}, "unknown_extension"),
        ({"crit": None}, "unknown_extension"),
        ({"b64": False}, "unknown_extension"),
        ({"alg": None}, "wrong_algorithm"),
        ({"alg": ["HS256"]}, "wrong_algorithm"),
        ({"kid": 1}, "not_a_jwt"),
        ({"kid": {"a": 1}}, "not_a_jwt"),
    ],
)
def test_headers_that_ask_for_more_than_the_settings_allow(header: dict[str, Any], code: str) -> None:
    error = refusal(written(json.dumps({**json.loads(HEADER), **header}), GOOD), algorithm="HS256")
    assert error.code == code


@pytest.mark.parametrize(
    ("expected", "given", "taken"),
    [
        ("JWT", {}, True),
        ("JWT", {"typ": "jwt"}, True),
        ("JWT", {"typ": "application/JWT"}, True),
        ("at+jwt", {"typ": "at+JWT"}, True),
        ("at+jwt", {"typ": "application/at+jwt"}, True),
        ("at+jwt", {}, False),
        ("at+jwt", {"typ": "JWT"}, False),
    ],
)
def test_the_type_of_a_token_is_what_the_settings_say(
    expected: str, given: dict[str, Any], taken: bool
) -> None:
    token = written(json.dumps({"alg": "HS256", **given}), GOOD)
    settings = {"algorithm": "HS256", "token_type": expected}
    assert (verify(token, **settings) if taken else refusal(token, **settings).code) == (
        json.loads(GOOD) if taken else "wrong_token_type"
    )


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: made(claims_at(NOW), OTHER_EC),
        lambda token: made(claims_at(NOW), OTHER_EC, jwk={"kty": "EC"}, jku="https://evil.example.com/keys"),
        lambda token: token[: token.rindex(".") + 1],
        lambda token: f"{token[: token.rindex('.') + 1]}{'A' * 86}",
        lambda token: token[:-6],
        lambda token: f"{token}AAAA",
        lambda token: ".".join([token.split(".")[0], b64(GOOD.replace("ada", "eve")), token.split(".")[2]]),
    ],
    ids=["another key", "a key of its own", "no signature", "zeros", "cut", "longer", "other claims"],
)
def test_a_signature_that_is_not_the_issuers(forge: Callable[[str], str]) -> None:
    error = refusal(forge(made(claims_at(NOW))))
    assert (type(error), error.code) == (SignInAgain, "bad_signature")


TOKEN = written(HEADER, GOOD)
START, MIDDLE, END = TOKEN.split(".")
TWICE = '{"alg":"none","alg":"HS256"}'


def body(raw: bytes | str) -> str:
    return f"{START}.{b64(raw)}.{END}"


NO_TOKENS: list[tuple[Any, str]] = [
    ("", "three parts"),
    ("a.b", "three parts"),
    ("..", "header is not base64url"),
    (None, "not a text"),
    (b"a.b.c", "not a text"),
    ({"token": "x"}, "not a text"),
    (f"{TOKEN}.", "three parts"),
    (".".join("abcde"), "encrypted"),
    (".".join("abcdef"), "three parts"),
    (f"Bearer {TOKEN}", "header is not base64url"),
    (f"{TOKEN}\n", "signature is not base64url"),
    (f"{START}=.{MIDDLE}.{END}", "header is not base64url"),
    (f"{START}.{MIDDLE}.{END}=", "signature is not base64url"),
    (f"{START}.{MIDDLE}\u00e9.{END}", "second part is not base64url"),
    (f"{START}.{MIDDLE}\u0661.{END}", "second part is not base64url"),
    (f"{START}.A.{END}", "second part is not base64url"),
    (f"{START}.e30A.{END}", "second part is not JSON"),
    (f"{START}.e31.{END}", "second part is not written as base64url"),
    (body("[]"), "not a JSON object"),
    (body(TOKEN), "second part is not JSON"),
    (body(json.dumps(TOKEN)), "not a JSON object"),
    (body(b'{"a":"\xff"}'), "not JSON in UTF-8"),
    (body("\ufeff{}"), "not JSON"),
    (body('{"a":1,"a":2}'), "has a name twice"),
    (f"{b64(TWICE)}.{MIDDLE}.{END}", "header is not JSON in UTF-8, or has a name twice"),
    (body('{"a":{"b":1,"b":2}}'), "has a name twice"),
    (body('{"exp":NaN}'), "not JSON"),
    (body('{"exp":Infinity}'), "not JSON"),
    (body('{"exp":1e999}'), "not JSON"),
    (body('{"exp":' + "9" * 5000 + "}"), "not JSON"),
    (body('{"a":' + "[" * 20 + "]" * 20 + "}"), "nested too deep"),
    (body('{"a":' * 2000 + "1" + "}" * 2000), "nested too deep|not JSON"),
    (body('{"a":"\\ud800"}'), "characters that are none"),
    (body('{"\\ud800":1}'), "characters that are none"),
    (body('{"sub":"admin\\u0000"}'), "characters that are none"),
    (f"{START}.{MIDDLE * 200}.{END}", "longer than 16,384"),
    ("." * 100_000, "longer than"),
]


@pytest.mark.parametrize(("token", "says"), NO_TOKENS, ids=range(len(NO_TOKENS)))
def test_what_is_no_token_is_an_input_to_fix(token: Any, says: str) -> None:
    with pytest.raises(FixInput, match=says) as caught:
        verify(token, algorithm="HS256")
    assert caught.value.code == "not_a_jwt"


def test_the_table_above_is_about_a_token_that_is_good() -> None:
    assert verify(TOKEN, algorithm="HS256") == json.loads(GOOD)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"key": "", "public_key": ""}, "neither jwks_url nor public_key nor key"),
        ({"public_key": "no pem"}, "public_key is not a readable"),
        ({"public_key": public_pem_of(RSA)}, "public_key does not fit ES256"),
        ({"key": KEYS["RS256"]}, "key does not fit ES256"),
    ],
)
def test_settings_that_can_check_no_signature(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(FixSettings, match=says):
        verify(made(claims_at(NOW)), **settings)


def test_a_key_of_a_thousand_bits_is_too_short(clock: FakeClock) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - of this test alone

    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    with pytest.raises(FixSettings, match="too short"):
        verify(
            TOKEN.replace(START, b64('{"alg":"RS256"}')),
            algorithm="RS256",
            key="",
            public_key=public_pem_of(short),
        )


@pytest.mark.parametrize(
    ("exp", "margin", "expired"),
    [(NOW + 61, 60, False), (NOW + 60, 60, True), (NOW - 1, 0, True), (NOW + 1, 0, False), (..., 1e9, False)],
)
def test_whether_a_token_is_still_good_for_so_many_seconds(exp: Any, margin: float, expired: bool) -> None:
    tokens = JwtManager(resource(), clock=FakeClock())
    assert tokens.is_expired(made(claims_at(NOW, exp=exp)), margin=margin) is expired


def test_reading_proves_nothing() -> None:
    forged = none(claims_at(NOW, sub="admin"))
    read = JwtManager.read(forged)
    assert read.claims["sub"] == "admin"
    assert "admin" not in repr(read)
