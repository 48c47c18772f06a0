"""Whatever is sent, and whatever stands in the resource: let in, refused, or the fault of the settings.

Short in the suite. `WEBHOOK_EXAMPLES=20000 HYPOTHESIS_PROFILE=search pytest -o timeout=0` on this file looks
further: so many for each kind, and other ones each time.
"""

from __future__ import annotations

import base64
import os
import sys
from collections import Counter
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from f.connect.errors import FixSettings
from f.webhooks.requests.refusal import RefuseRequest
from f.webhooks.requests.request import WebhookRequest
from f.webhooks.requests.source import KINDS, Kind, Source
from f.webhooks.verifying.signature import secret_faults, verify
from tests.f.webhooks.verifying.signed import FORM
from tests.f.webhooks.verifying.vectors import VECTORS
from tests.properties import at_most

_ENOUGH = 300  # to meet each outcome by chance
EXAMPLES = int(os.environ.get("WEBHOOK_EXAMPLES") or at_most(_ENOUGH))

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=60)  # lone surrogates, too
NUMBERS = st.integers(-(10**30), 10**30) | st.floats()
_WORDS = (
    "t= v1= v0= v1, v1a, v2, sha256= algorithm= , = == + - . 1700000000 1700000000000 NaN infinity 1_0 1e9"
)
PIECES = st.sampled_from(
    (
        *_WORDS.split(" "),
        *(", ", " ", "\u0661", "\ud800", "\xa0", "\n", "a" * 64, "0" * 64),
        *("A" * 43 + "=", "A" * 27 + "=", "A" * 86 + "==", "x" * 5000),
    )
)
# Nearly what is right, anything at all, and what is right.
HEADER = ANYTHING | st.lists(PIECES, max_size=8).map("".join) | NUMBERS.map(str)
BODY = st.binary(max_size=60) | ANYTHING.map(lambda text: text.encode(errors="surrogatepass"))
URL = ANYTHING | st.tuples(st.sampled_from(["https://", "http://", "HTTP://", "ftp://"]), ANYTHING).map(
    "".join
)
SECRET = (
    ANYTHING
    | st.tuples(st.sampled_from(["whsec_", "whpk_", "whsk_", "-----BEGIN PUBLIC KEY-----"]), ANYTHING).map(
        "".join
    )
    | st.binary(max_size=100).map(lambda raw: base64.b64encode(raw).decode())
)
NAMES: dict[Kind, list[str]] = {
    kind: sorted(
        {
            name
            for vector in VECTORS
            if vector.request.source.kind == kind
            for name in vector.request.request.headers
        }
        | {
            "content-type",
            "x-twilio-webhooks-signature-settings",
            "svix-id",
            "svix-timestamp",
            "svix-signature",
        }
    )
    for kind in get_args(Kind)
}


@st.composite
def cases(draw: st.DrawFn, kind: Kind) -> tuple[WebhookRequest, Source, float]:
    """A published vector of this kind with some of its fields replaced, or nothing of one."""
    vector = draw(
        st.sampled_from([vector.request for vector in VECTORS if vector.request.source.kind == kind])
    )
    request, source = vector.request, vector.source
    fields: dict[str, Any] = {
        "method": request.method,
        "url": request.url,
        "headers": dict(request.headers),
        "body": request.body,
        "secrets": source.secrets,
        "address": source.url,
        "tolerance": source.tolerance,
        "now": vector.now,
    }
    others: dict[str, st.SearchStrategy[Any]] = {
        "method": ANYTHING,
        "url": URL,
        "headers": st.dictionaries(st.sampled_from(NAMES[kind]) | ANYTHING, HEADER, max_size=6),
        "body": BODY,
        "secrets": st.lists(SECRET, max_size=3).map(tuple),
        "address": URL,
        "tolerance": st.floats(),
        "now": st.floats(),
    }
    for name in draw(st.sets(st.sampled_from(sorted(fields)), max_size=3)):
        fields[name] = draw(others[name])
    for name in draw(st.sets(st.sampled_from(NAMES[kind]), max_size=2)):
        fields["headers"][name] = draw(HEADER | st.just(FORM))
    return (
        WebhookRequest(fields["method"], fields["url"], fields["headers"], fields["body"]),
        Source(
            name="in",
            kind=kind,
            secrets=fields["secrets"],
            storage_key="k" * 32,
            url=fields["address"],
            tolerance=fields["tolerance"],
        ),
        fields["now"],
    )


def _outcome(case: tuple[WebhookRequest, Source, float]) -> RefuseRequest | FixSettings | None:
    try:
        verify(*case)
    except (RefuseRequest, FixSettings) as error:
        return error
    return None


@pytest.mark.hypothesis  # or `make test-slow` would not know it for a property, and try it with a part alone
@pytest.mark.parametrize("kind", KINDS)
def test_no_input_raises_anything_but_the_two_errors(kind: Kind) -> None:
    seen: Counter[str] = Counter()

    @given(case=cases(kind))
    @settings(max_examples=EXAMPLES)
    def look(case: tuple[WebhookRequest, Source, float]) -> None:
        outcome = _outcome(case)
        faults = secret_faults(case[1])
        if isinstance(outcome, FixSettings):
            assert (outcome.code, outcome.faults) == ("bad_settings", faults)
            assert faults
        else:
            assert not faults
        if isinstance(outcome, RefuseRequest):
            assert outcome.code == "invalid_signature"
            assert outcome.reason.isprintable()
        seen[type(outcome).__name__] += 1

    look()
    sys.stdout.write(f"{kind}: {seen.total():,} examples, {dict(seen)}\n")
    if EXAMPLES >= _ENOUGH:
        assert all(seen[name] for name in ("RefuseRequest", "FixSettings", "NoneType")), seen
