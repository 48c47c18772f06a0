"""One field of a rightly signed request is broken: it is refused, with one line and a reason for each."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import NamedTuple

import pytest

from tests.f.webhooks.verifying.signed import Change, Signed
from tests.f.webhooks.verifying.vectors import BY_NAME

MISMATCH = "does not fit"
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
LINE = "The request is not signed as it must be."


class Broken(NamedTuple):
    """`vector`: the name of what is broken. `reason`: a part of what stands in the log."""

    vector: str
    what: str
    change: Change
    reason: str


class Header(NamedTuple):
    """Where a scheme's signature stands: what goes before it, and how it is written."""

    vector: str
    name: str
    before: str
    encoding: str


SIGNATURES = [
    Header("stripe", "stripe-signature", "t=1700000000,v1=", "hex"),
    Header("slack", "x-slack-signature", "v0=", "hex"),
    Header("twilio form", "x-twilio-signature", "", "base64"),
    Header("twilio JSON", "x-twilio-signature", "", "base64"),
    Header("sendgrid", "x-twilio-email-event-webhook-signature", "", "base64"),
    Header("github", "x-hub-signature-256", "sha256=", "hex"),
    Header("shopify", "x-shopify-hmac-sha256", "", "base64"),
    Header("hubspot", "x-hubspot-signature-v3", "", "base64"),
    Header("standard v1", "webhook-signature", "v1,", "base64"),
    Header("standard v1a", "webhook-signature", "v1a,", "base64"),
    Header("generic", "x-webhook-signature", "", "any hex"),
]
TIMES = {
    "slack": "x-slack-request-timestamp",
    "sendgrid": "x-twilio-email-event-webhook-timestamp",
    "hubspot": "x-hubspot-request-timestamp",
    "standard v1": "webhook-timestamp",
    "standard v1a": "webhook-timestamp",
    "generic": "x-webhook-timestamp",
}
NO_TIMES = [
    *(
        "+{}",
        "-{}",
        "0{}",
        "{}.0",
        "{}e0",
        "0x{}",
        "{},{}",
        "{}, {}",
        "{}\u00b2",
        "1_{}",
        "{} 0",
        "{}L",
        "{}Z",
    ),
    *("NaN", "nan", "infinity", "inf", "-inf", "1e10", "soon", "2023-11-14T22:13:20Z", "None", "true", "0"),
    *("\u0661\u0667\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660", "9" * 16, "9" * 400),
]
# What no header of a signature may hold, whatever the scheme.
NO_TEXT = {
    "": "is missing or empty",
    "   ": "is missing or empty",
    "\u00e9": "other than printable ASCII",
    "x\ud800": "other than printable ASCII",
    "x\ny": "other than printable ASCII",
    "x\0": "other than printable ASCII",
    "\u202ex": "other than printable ASCII",
    "x" * 4097: "longer than 4096",
    "x" * 10_000_000: "longer than 4096",
}


def _set(name: str, value: str | None) -> Change:
    return lambda signed: signed.with_header(name, value)


def _edit(name: str, edit: Callable[[str], str]) -> Change:
    return lambda signed: signed.with_header(name, edit(signed.header(name)))


def _body(edit: Callable[[bytes], bytes]) -> Change:
    return lambda signed: signed.with_body(edit(signed.request.body))


def _other(letter: str, encoding: str) -> str:
    """Another character of the same alphabet; of base64 one that differs in its highest bit."""
    if encoding == "base64":
        return _ALPHABET[(_ALPHABET.index(letter) + 32) % 64]
    return "0123456789abcdef"[int(letter, 16) ^ 8]


def _next(letter: str) -> str:
    return _ALPHABET[(_ALPHABET.index(letter) + 1) % 64]


def _at(place: int, encoding: str) -> Callable[[str], str]:
    return lambda text: text[:place] + _other(text[place], encoding) + text[place + 1 :]


def _signature_cases(header: Header) -> list[Broken]:
    vector, name, before, encoding = header
    text = BY_NAME[vector].header(name)
    written = "base64" if encoding == "base64" else "hex"
    places = [place for place in range(len(before), len(text)) if text[place] != "="]
    malformed = {
        "one sign less": text[:-1],
        "one sign more": text + "A",
        "a sign of no alphabet": text[: places[3]] + "!" + text[places[4] :],
        "a blank within": text[: places[3]] + " " + text[places[4] :],
        "six signs of it": text[: len(before) + 6],
        "twice, as a proxy joins two": f"{text}, {text}",
        "quoted": f'"{text}"',
        "nothing after its prefix": before or "=",
    }
    if written == "base64":
        malformed["the URL alphabet"] = before + text[len(before) :].replace("+", "-").replace(
            "/", "_"
        ).replace("=", "-")
        last = places[
            -1
        ]  # its lowest bits stand for nothing, and decoders that let them pass see the same bytes
        malformed["a second spelling"] = text[:last] + _next(text[last]) + text[last + 1 :]
        malformed["in hex"] = before + base64.b64decode(text[len(before) :]).hex()
        malformed["not padded"] = before + text[len(before) :].rstrip("=") + ("~" if "=" not in text else "")
    if written == "hex":
        malformed["in base64"] = before + base64.b64encode(bytes.fromhex(text[len(before) :])).decode()
    if encoding == "hex":
        malformed["in upper case"] = before + text[len(before) :].upper()
    cases = [
        Broken(vector, f"signature: {what}", _set(name, value), name) for what, value in malformed.items()
    ]
    cases += [
        Broken(vector, f"signature: sign {place} is another", _edit(name, _at(place, encoding)), MISMATCH)
        for place in places[:-1]
    ]
    cases += [
        Broken(vector, f"signature: {value[:8]!r}", _set(name, value), reason)
        for value, reason in NO_TEXT.items()
    ]
    cases.append(Broken(vector, "signature: missing", _set(name, None), f"{name} is missing"))
    return cases


def _time_cases(vector: str, name: str) -> list[Broken]:
    time = BY_NAME[vector].header(name)
    cases = [
        Broken(vector, f"time: {form[:12]!r}", _set(name, form.format(time, time)), name) for form in NO_TIMES
    ]
    cases += [
        Broken(vector, f"time: {value[:8]!r}", _set(name, value), reason) for value, reason in NO_TEXT.items()
    ]
    cases.append(Broken(vector, "time: missing", _set(name, None), f"{name} is missing"))
    cases.append(Broken(vector, "time: one more", _set(name, str(int(time) + 1)), MISMATCH))
    cases.append(Broken(vector, "time: one less", _set(name, str(int(time) - 1)), MISMATCH))
    return cases


def _common_cases(vector: str) -> list[Broken]:
    signed = BY_NAME[vector]
    middle = len(signed.request.body) // 2
    bodies: dict[str, Callable[[bytes], bytes]] = {
        "the first byte is another": lambda body: bytes([body[0] ^ 1]) + body[1:],
        "a byte within is another": lambda body: (
            body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
        ),
        "the last byte is another": lambda body: body[:-1] + bytes([body[-1] ^ 1]),
        "a byte of no UTF-8": lambda body: body[:middle] + b"\xff" + body[middle + 1 :],
        "a byte more": lambda body: body + b"0",
        "a byte less": lambda body: body[:-1],
        "a line break more": lambda body: body + b"\n",
        "a byte order mark before it": lambda body: b"\xef\xbb\xbf" + body,
        "empty": lambda _: b"",
        "twice": lambda body: body + body,
        "other blanks": lambda body: b" " + body,
    }
    cases = [Broken(vector, f"body: {what}", _body(edit), "") for what, edit in bodies.items()]
    secret = signed.source.secrets[0]
    if signed.source.kind not in {"sendgrid", "standard"}:
        others = (secret + "x", secret[:-1], " " + secret, secret.swapcase() + "'")
        cases += [Broken(vector, f"secret: {other!r}", _secret(other), MISMATCH) for other in others]
    return cases


def _secret(secret: str) -> Change:
    return lambda signed: signed.with_secrets(secret)


def _method(method: str) -> Change:
    return lambda signed: signed.with_request(method=method)


def _renamed(old: str, new: str) -> Change:
    return lambda signed: signed.with_header(new, signed.header(old)).with_header(old, None)


def _url(edit: Callable[[str], str]) -> Change:
    return lambda signed: signed.with_url(edit(signed.source.url))


def _address_cases(vector: str) -> list[Broken]:
    edits: dict[str, Callable[[str], str]] = {
        "another host": lambda url: url.replace(".com", ".org"),
        "another path": lambda url: url.replace(".com/", ".com/x"),
        "another scheme": lambda url: url.replace("https", "http"),
        "a slash more": lambda url: url + "/",
        "another query": lambda url: url + ("&" if "?" in url else "?") + "x=1",
        "upper case": str.upper,
    }
    return [Broken(vector, f"address: {what}", _url(edit), "and its url") for what, edit in edits.items()]


STRIPE = BY_NAME["stripe"].header("stripe-signature").split(",")[1]
OWN = [
    Broken("stripe", "no t", _set("stripe-signature", STRIPE), "has 0 times t"),
    Broken("stripe", "two t", _edit("stripe-signature", "t=1700000000,{}".format), "has 2 times t"),
    Broken("stripe", "no v1", _set("stripe-signature", "t=1700000000"), "has 0 signatures v1"),
    Broken(
        "stripe",
        "as v0",
        _edit("stripe-signature", lambda text: text.replace("v1", "v0")),
        "has 0 signatures v1",
    ),
    Broken(
        "stripe",
        "as V1",
        _edit("stripe-signature", lambda text: text.replace("v1", "V1")),
        "has 0 signatures v1",
    ),
    Broken(
        "stripe", "as T", _edit("stripe-signature", lambda text: text.replace("t=", "T=")), "has 0 times t"
    ),
    Broken("stripe", "an empty v1", _edit("stripe-signature", "{},v1=".format), "list of name=value"),
    Broken("stripe", "a v1 without a value", _edit("stripe-signature", "{},v1".format), "list of name=value"),
    Broken("stripe", "a comma at the end", _edit("stripe-signature", "{},".format), "list of name=value"),
    Broken(
        "stripe",
        "a blank after the comma",
        _edit("stripe-signature", lambda text: text.replace(",", ", ")),
        "list",
    ),
    Broken(
        "stripe",
        "semicolons",
        _edit("stripe-signature", lambda text: text.replace(",", ";")),
        "signatures v1",
    ),
    Broken(
        "stripe",
        "a bad v1 beside the good one",
        _edit("stripe-signature", "{},v1=abc".format),
        "not 32 bytes",
    ),
    *[
        Broken(
            "stripe",
            f"time: {form[:12]!r}",
            _set("stripe-signature", f"t={form},{STRIPE}".replace("{}", "1700000000")),
            "",
        )
        for form in NO_TIMES
    ],
    Broken(
        "slack",
        "another version",
        _edit("x-slack-signature", lambda text: text.replace("v0", "v1")),
        "begin with v0=",
    ),
    Broken("github", "as SHA-1", _set("x-hub-signature-256", "sha1=" + "0" * 40), "begin with sha256="),
    Broken(
        "github", "no algorithm", _edit("x-hub-signature-256", lambda text: text[7:]), "begin with sha256="
    ),
    Broken(
        "github",
        "in the header of SHA-1",
        _renamed("x-hub-signature-256", "x-hub-signature"),
        "256 is missing",
    ),
    Broken("twilio form", "as JSON", _set("content-type", "application/json"), MISMATCH),
    Broken("twilio form", "without a content type", _set("content-type", None), MISMATCH),
    Broken("twilio form", "another field", _body(lambda body: body + b"&Extra=1"), MISMATCH),
    Broken("twilio form", "a field less", _body(lambda body: body.partition(b"&")[2]), MISMATCH),
    Broken("twilio form", "a second value", _body(lambda body: body + b"&Digits=0"), MISMATCH),
    Broken(
        "twilio form", "a code of no UTF-8", _body(lambda body: body + b"&a=%ff"), "the form is not UTF-8"
    ),
    Broken(
        "twilio form", "1001 fields", _body(lambda _: b"&".join([b"a=1"] * 1001)), "more than 1000 fields"
    ),
    Broken("twilio JSON", "as a form", _set("content-type", "application/x-www-form-urlencoded"), MISMATCH),
    *[
        Broken(
            "twilio form",
            f"algorithm: {settings!r}",
            _set("x-twilio-webhooks-signature-settings", settings),
            reason,
        )
        for settings, reason in {
            "key=k,algorithm=HMAC_SHA256": "is not 32 bytes",
            "key=k": "no algorithm",
            "algorithm=": "no algorithm",
            "algorithm=HMAC_MD5": "no algorithm",
            "algorithm=hmac_sha1": "no algorithm",
            "algorithm=HMAC_SHA1,algorithm=HMAC_SHA1": "no algorithm",
            "x\ud800": "printable ASCII",
        }.items()
    ],
    Broken("hubspot", "another method", _method("PUT"), MISMATCH),
    *[
        Broken("hubspot", f"method: {method!r}", _method(method), "the method is not a word")
        for method in ("", "PO ST", "POST\n", "\ud800", "P" * 17, "POS\u0442")
    ],
    Broken(
        "hubspot",
        "only an older signature",
        _renamed("x-hubspot-signature-v3", "x-hubspot-signature"),
        "v3 is missing",
    ),
    *[
        Broken(vector, f"id: {value[:8]!r}", _set("webhook-id", value), reason)
        for vector in ("standard v1", "standard v1a")
        for value, reason in [
            *NO_TEXT.items(),
            ("msg.1", "a full stop"),
            ("msg_p5jXN8AQM9LWM0D4loKWxJeK", MISMATCH),
        ]
    ],
    Broken("standard v1", "no id", _set("webhook-id", None), "webhook-id is missing"),
    Broken(
        "standard v1",
        "a full stop moved",
        lambda signed: signed.with_header("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330").with_body(
            b"2432232314}"
        ),
        "a full stop",
    ),
    Broken(
        "standard v1",
        "as v2",
        _edit("webhook-signature", lambda text: text.replace("v1", "v2")),
        "has 0 signatures",
    ),
    Broken(
        "standard v1",
        "as v1a",
        _edit("webhook-signature", lambda text: text.replace("v1", "v1a")),
        "is not 64 bytes",
    ),
    Broken(
        "standard v1a",
        "as v1",
        _edit("webhook-signature", lambda text: text.replace("v1a", "v1")),
        "is not 32 bytes",
    ),
    Broken("standard v1", "no version", _edit("webhook-signature", lambda text: text[3:]), "list of version"),
    Broken("standard v1", "two blanks", _edit("webhook-signature", "{0}  {0}".format), "list of version"),
    Broken(
        "standard v1", "an empty v1 beside it", _edit("webhook-signature", "{} v1,".format), "list of version"
    ),
    Broken(
        "standard v1", "no version beside it", _edit("webhook-signature", "{} x,y".format), "list of version"
    ),
    Broken(
        "standard v1",
        "v1a beside it of a wrong length",
        _edit("webhook-signature", "{} v1a,AAAA".format),
        "not 64",
    ),
    Broken("generic", "11 digits", _set("x-webhook-timestamp", "17000000000"), "neither 10 digits"),
    Broken("generic", "the time in milliseconds", _set("x-webhook-timestamp", "1700000000000"), MISMATCH),
    Broken("generic", "another algorithm", _edit("x-webhook-signature", "sha512={}".format), "not 32 bytes"),
    Broken(
        "generic",
        "the algorithm twice",
        _edit("x-webhook-signature", "sha256=sha256={}".format),
        "not 32 bytes",
    ),
]
CASES = [
    *(case for header in SIGNATURES for case in _signature_cases(header)),
    *(case for vector, name in TIMES.items() for case in _time_cases(vector, name)),
    *(case for header in SIGNATURES for case in _common_cases(header.vector)),
    *(case for vector in ("twilio form", "twilio JSON", "hubspot") for case in _address_cases(vector)),
    *OWN,
]


@pytest.mark.parametrize("vector", sorted({case.vector for case in CASES}))
def test_one_broken_field_is_refused_with_its_reason(vector: str) -> None:
    signed = BY_NAME[vector]
    signed.check()
    cases = [case for case in CASES if case.vector == vector]
    for case in cases:
        broken = case.change(signed)
        refusal = broken.refusal()
        assert refusal is not None, case.what
        assert case.reason in refusal.reason, f"{case.what}: {refusal.reason}"
        assert (str(refusal), refusal.code, refusal.status) == (LINE, "invalid_signature", 401), case.what
        _assert_quotes_nothing(refusal.reason, broken, case.what)


def _assert_quotes_nothing(reason: str, broken: Signed, what: str) -> None:
    told = [
        *broken.source.secrets,
        *broken.request.headers.values(),
        broken.request.body.decode(errors="replace"),
    ]
    for text in told:
        for start in range(0, min(len(text), 400) - 12, 4):
            assert text[start : start + 12] not in reason, f"{what}: {reason}"


def test_a_refusal_carries_no_exception_that_quotes_the_request() -> None:
    refusal = BY_NAME["twilio form"].with_body(b"a=%ff").refusal()
    assert refusal is not None
    assert refusal.__cause__ is None
    assert refusal.__suppress_context__


def test_every_pair_of_secret_and_signature_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopping at the first match would tell by its time which secret signed."""
    compared: list[tuple[object, object]] = []

    def compare(one: object, other: object) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr("f.webhooks.verifying.evidence.hmac.compare_digest", compare)
    vector = BY_NAME["stripe"]
    time, right = vector.header("stripe-signature").split(",")
    header = ",".join([time, right, *[f"v1={'0' * 64}"] * 4])
    vector.with_header("stripe-signature", header).with_secrets(
        *vector.source.secrets, "second", "third"
    ).check()
    assert [(type(one), type(other)) for one, other in compared] == [(bytes, bytes)] * 15
