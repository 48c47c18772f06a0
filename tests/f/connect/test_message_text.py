"""A body may be anything: read, it is text that can be written, JSON, or one of our errors."""

from __future__ import annotations

import contextlib
import encodings
import json
import pkgutil
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from f.connect.calls.body_text import decode_text, read_json
from f.connect.calls.message import Request, Response
from f.connect.errors import OutcomeUnknown, TryLater
from f.connect.redact import mask_body
from f.records.target.replies import body_of, explanation, object_of, refusal, unreadable

CODECS = sorted(module.name for module in pkgutil.iter_modules(encodings.__path__))
CHARSETS = st.one_of(st.sampled_from([*CODECS, "undefined", "UTF-16", '"utf-8"', "", "a\0b"]), st.text())
JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["message", "errors", "details", "field", "detail"]) | st.text(), inner
        )
    ),
    max_leaves=20,
)
BODIES = st.one_of(st.binary(), JSON_LIKE.map(lambda value: json.dumps(value).encode()))


def response_of(
    body: bytes, content_type: str = "application/json", method: str = "POST", status: int = 200
) -> Response:
    return Response(
        request=Request(method=method, path="/a"),
        status=status,
        headers={"Content-Type": content_type},
        body=body,
        elapsed=0.0,
        attempts=1,
        request_id="r",
        call=f"{method} x/a",
        url="http://x/a",
    )


@given(BODIES, CHARSETS)
@example(b"a-" * 50, "punycode")
@example(b"\xff\x00a", "utf-16")
@example(b"xn--\xff", "idna")
@example(b"\\ud800", "unicode_escape")
@example(b"+2AA-", "utf-7")
@example(b'"\\ud800"', "utf-8")
@example(b"[" * 5000, "hex")
def test_any_body_of_any_type_is_read_or_named(body: bytes, charset: str) -> None:
    response = response_of(body, f"text/html; charset={charset}")
    response.text.encode()
    with contextlib.suppress(OutcomeUnknown):
        json.dumps(response.json, allow_nan=False, ensure_ascii=False).encode()
    mask_body(body).encode()
    object_of(response)
    for text in (explanation(body_of(response)), refusal(response).detail, unreadable(response).detail):
        text.encode()
        assert len(text) < 350


@pytest.mark.parametrize("charset", CODECS)
def test_no_charset_takes_the_square_of_the_length(charset: str) -> None:
    begun = time.process_time()
    decode_text(b"ab-" * 200_000, f"text/html; charset={charset}").encode()
    assert time.process_time() - begun < 1


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5000, b"\xff", b"<html>"])
def test_what_is_no_json_is_named(method: str, body: bytes) -> None:
    with pytest.raises(TryLater if method == "GET" else OutcomeUnknown) as caught:
        _ = response_of(body, method=method).json
    assert caught.value.code == "not_json"
    assert body_of(response_of(body)) is None


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"id": 7, "score": NaN}', {"id": 7, "score": None}),
        (b"[1e999, -Infinity, 1.5]", [None, None, 1.5]),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'{"\\udfff": ["\\ud83d"]}', {"\ufffd": ["\ufffd"]}),
        (b"123456789012345678901", 123456789012345678901),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
    ],
)
def test_json_that_cannot_be_written_again_is_read_as_near_as_can_be(body: bytes, value: Any) -> None:
    assert read_json(body) == value


def test_an_error_body_nested_without_end_has_an_explanation() -> None:
    body: Any = "deep"
    for _ in range(5000):
        body = {"errors": [body], "details": {"x": body}}
    assert explanation({"message": "Too deep.", "errors": body}).startswith("Too deep.")


@given(JSON_LIKE)
@example(10**18)
@example(2**64)
@example({"id": 12345678901234567890123, "x": [1e300, -0.0, "\ud83d\ude00"]})
def test_bytes_are_read_as_the_text_that_they_are(value: object) -> None:
    body = json.dumps(value).encode()
    assert repr(read_json(body)) == repr(read_json(body.decode()))


@pytest.mark.parametrize("number", ["1e999", "-1E+999", "1e400", "1E400", "18446744073709551616", "1e-999"])
def test_a_number_too_large_for_one_reader_is_read_by_the_other(number: str) -> None:
    assert repr(read_json(number.encode())) == repr(read_json(number))
