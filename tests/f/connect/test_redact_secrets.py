"""A secret in use never comes out, in whatever form; and no text, however odd, costs more than its length."""

from __future__ import annotations

import base64
import html
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from f.connect import redact
from f.connect.client import Client
from f.connect.errors import FixSettings, SignInAgain
from f.connect.integration import ApiKey, Authentication, Basic, BearerToken, Integration, OAuth2, SignedJwt
from f.connect.redact import (
    MASK,
    forget,
    hide,
    mask_body,
    mask_headers,
    mask_json,
    mask_path,
    mask_start,
    mask_text,
    mask_url,
    remember,
)
from f.records.target.replies import explanation
from tests.loopback import Asked, Reply, serve

FORMS: dict[str, Callable[[str], str]] = {
    "bare": str,
    "quoted": lambda secret: f'"{secret}"',
    "json": lambda secret: json.dumps({"x": secret}),
    "json unicode": lambda secret: json.dumps({"x": secret}, ensure_ascii=False),
    "python": repr,
    "html": html.escape,
    "parameter": lambda secret: f"https://x.example/?{urlencode({'q': secret})}&b=1",
    "path": lambda secret: f"/a/{quote(secret, safe='')}/b",
    "plus": quote_plus,
    "lower hex": lambda secret: quote(secret, safe="").replace("%2F", "%2f").replace("%3D", "%3d"),
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "basic": lambda secret: "Basic " + base64.b64encode(f"ada:{secret}".encode()).decode(),
    "basic user": lambda secret: base64.b64encode(f"{secret}:".encode()).decode(),
    "base64 in a URL": lambda secret: base64.urlsafe_b64encode(f"a{secret}b".encode()).decode().rstrip("="),
    "header": lambda secret: f"Authorization: Bearer {secret}",
    "glued": lambda secret: f"abc{secret}def",
}
SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=12, max_size=60).filter(
    lambda secret: secret.strip() == secret and len(set(secret)) > 4
)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    yield
    forget()


@given(SECRETS, st.sampled_from(sorted(FORMS)), st.text(max_size=200), st.text(max_size=200))
@example("pa55/word+with=signs", "lower hex", "", "")
@example("abc'\"&<>def\\", "html", "", "")
@example("0000000012\\\x7f", "json", "", "")
@example("0000000012\\\x7f", "python", "", "")
def test_a_known_secret_survives_in_no_form(secret: str, form: str, before: str, after: str) -> None:
    remember(secret)
    try:
        written = FORMS[form](secret)
        text = f"{before} {written} {after}"
        for masked in (
            hide(text),
            mask_text(text),
            mask_start(text, 500),
            mask_body(text),
            repr(mask_json([text])),
        ):
            assert secret not in masked
            assert written not in masked
            assert not _is_in_base64(secret, masked)
    finally:
        forget()


def _is_in_base64(secret: str, text: str) -> bool:
    """Whether any six bytes of the secret can be read out of some base64 in the text."""
    raw = secret.encode()
    return any(base64.b64encode(raw[at : at + 6]).decode() in text for at in range(len(raw) - 5))


@given(st.text(), st.integers(1, 50))
@example("\ud800", 3)
@example("http://[bad?a=b", 10)
def test_masking_never_raises_and_what_it_returns_can_be_written(text: str, longest: int) -> None:
    for masked in (
        mask_text(text), hide(text), mask_url(text), mask_path(text), mask_body(text),
        mask_start(text, longest),
        mask_body(text.encode("utf-8", "surrogatepass")), *mask_headers({"x": text}).values(),
    ):  # fmt: skip
        masked.encode()
    json.dumps(mask_json({text: [text]}), ensure_ascii=False).encode()


@given(st.binary())
def test_a_body_of_any_bytes_can_be_quoted(body: bytes) -> None:
    mask_body(body).encode()


def test_a_body_nested_without_end_is_quoted_as_text() -> None:
    assert mask_body(b"[" * 100_000).startswith("[[[")
    deep: object = "x"
    for _ in range(sys.getrecursionlimit() * 2):
        deep = [deep]
    assert MASK in repr(mask_json(deep))


ADVERSARIAL = [
    "a", "a.", "@", "+1 ", "token", "token=", "a@", "token ", "Bearer ", "eyJ-", "eyJaaaaa.", "://a",
    "-----BEGIN PRIVATE KEY-----", "-----BEGIN A ", '"key":"', 'password="\\"', "x@y.z", "%40", "%2B1",
    "Basic  ", "api_key'", '\\"token\\":', "SG.", "'", " ", "\\", "é@é.", "\ud800", "tokentoken-",
    "authorization: ", "&key", "sk_-",
]  # fmt: skip


def seconds_for(piece: str, length: int) -> float:
    text = (piece * (length // len(piece) + 1))[:length]
    begun = time.process_time()
    mask_text(text)
    return time.process_time() - begun


@pytest.mark.parametrize("piece", ADVERSARIAL)
def test_four_times_the_text_takes_about_four_times_as_long(piece: str) -> None:
    mask_text("compiled")
    ratio = min(seconds_for(piece, 80_000) / max(seconds_for(piece, 20_000), 0.002) for _ in range(3))
    assert ratio < 10  # sixteen and more if the time grew with the square


def test_an_explanation_is_cut_before_it_is_masked() -> None:
    begun = time.process_time()
    assert len(explanation({"message": "a.@" * 5_000_000})) == 300
    assert time.process_time() - begun < 1


def test_a_secret_at_the_cut_leaves_no_part_of_itself() -> None:
    mail = "somebody.with.a.long.name@example.com"
    for before in range(1150, 1201):
        masked = mask_start("a@example.org " * 80 + "x" * (before - 1120) + " " + mail, 300)
        assert "somebody" not in masked
    remember("s3cr3t-s3cr3t-s3cr3t")
    assert "s3cr3t" not in mask_start("x" * 1190 + "s3cr3t-s3cr3t-s3cr3t" + "y" * 5000, 300)


@pytest.mark.parametrize("rest", ["", " and more"])
def test_a_secret_across_the_end_of_what_is_read_leaves_no_part_of_itself(rest: str) -> None:
    secret = "KEYMATERIAL" * 90
    remember(secret)
    echoed = secret * 80 + rest
    for text in (echoed, "é" * 10_000 + echoed, json.dumps({"error": echoed})):
        for masked in (mask_start(text, 200), mask_body(text), mask_body(text.encode())):
            assert "MATERIAL" not in masked


@pytest.mark.parametrize("before", ["\\n", "\\t", "%22", "%3D", "\\u0022", "\\x22"])
def test_a_short_secret_is_masked_behind_an_escape(before: str) -> None:
    remember("hunter2")
    assert hide(f'"wrong:{before}hunter2"') == f'"wrong:{before}{MASK}"'


def test_a_short_secret_is_masked_where_it_stands_alone() -> None:
    remember("test", "abc", "", None)
    assert mask_text("the latest test, abc") == f"the latest {MASK}, abc"


def test_only_so_many_secrets_are_kept_and_the_last_ones_count() -> None:
    remember(*(f"secret-number-{n:05}" for n in range(500)))
    remember("secret-number-00450")
    assert hide("secret-number-00450 secret-number-00499") == f"{MASK} {MASK}"
    assert len(redact._known) == 64


TELLING = [
    ('key="hunter 2 x"', 'key="***"'),
    ("?key=abc&page=2", "?key=***&page=2"),
    ("GET /x?a=1&sig=abc%2F", "GET /x?a=1&sig=***"),
    ("{'api_key': 'a b c', 'id': 5}", "{'api_key': '***', 'id': 5}"),
    ('{"password": "with \\" quote and blanks", "id": 5}', '{"password": "***", "id": 5}'),
    ('{\\"password\\": \\"hunter2\\", \\"id\\": 5}', '{\\"password\\": \\"***\\", \\"id\\": 5}'),
    ("Authorization: Basic YWRhOnB3", "Authorization: Basic ***"),
    ('"Authorization": "Bearer abcdefgh"', '"Authorization": "Bearer ***"'),
    ("authorization=Bearer%20abcdef", "authorization=Bearer%20***"),
    ("mongodb://ada:pw@db/x", "mongodb://***@db/x"),
    ("%3Ftoken%3Dabc", "%3Ftoken%3D***"),
    ("to ada%40example.com %2B15550100123", "to *** ***"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIE", "***"),
    ("a key: value pair, keyboard=qwerty", "a key: value pair, keyboard=qwerty"),
    ("the code 42 of session 3", "the code 42 of session 3"),
]


@pytest.mark.parametrize(("text", "masked"), TELLING)
def test_a_secret_nobody_told_of_is_known_by_its_name_or_look(text: str, masked: str) -> None:
    assert mask_text(text) == masked


SECRET = "hK7-pq.2/x+Z=9_hK8-pq.3/x+Z=8_hK9"
WAYS: list[Authentication] = [
    ApiKey(key=SECRET),
    ApiKey(key=SECRET, location="query", name="q"),
    ApiKey(key=SECRET, location="body", name="q"),
    BearerToken(token=SECRET),
    Basic(username="ada", password=SECRET),
    SignedJwt(key=SECRET, algorithm="HS256"),
]


def client_of(url: str, **options: Any) -> Client:
    return Client(Integration(name="x", base_url=url, **options))


def echo(asked: Asked) -> Reply:
    """A server that says all that it was sent, once more."""
    everything = f"{asked.path} {asked.headers} {asked.body!r}"
    return Reply(422, {"message": everything, "errors": [everything, {"message": asked.headers}]})


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.type} {getattr(way, 'location', '')}")
def test_a_credential_that_a_server_echoes_is_masked(way: Authentication) -> None:
    with serve(echo) as server, client_of(server.url, authentication=way) as client:
        text = explanation(client.post("/a", json={"n": 1}).json)
        carried = server.asked[0].headers.get("Authorization", "").rpartition(" ")[2]
    assert text.startswith("/a")
    assert SECRET not in text
    assert quote(SECRET, safe="") not in text
    assert not carried or carried not in text
    assert base64.b64encode(SECRET.encode()).decode()[:8] not in text
    assert SECRET not in str(SignInAgain(f"The service says: {SECRET}"))
    assert FixSettings("x", faults=[f"not {SECRET}"]).faults == [f"not {MASK}"]


def test_a_token_that_was_fetched_is_masked_like_a_secret() -> None:
    def answer(asked: Asked) -> Reply:
        if asked.path == "/token":
            return Reply(200, {"access_token": "fetched.token.in.use", "expires_in": 3600})
        return echo(asked)

    with serve(answer) as server:
        way = OAuth2(token_url=f"{server.url}/token", client_id="c", client_secret=SECRET)
        with client_of(server.url, authentication=way) as client:
            text = explanation(client.post("/a", json={"n": 1}).json)
    assert "fetched.token" not in text


def test_a_default_header_that_is_a_secret_is_masked() -> None:
    headers = {"X-Auth-Token": SECRET, "Accept-Language": "en"}
    with serve(echo) as server, client_of(server.url, default_headers=headers) as client:
        text = explanation(client.post("/a", json={"n": 1}).json)
    assert SECRET not in text
    assert mask_text("en") == "en"
