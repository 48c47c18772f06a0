"""Every event that can be sent is taken for what it says it is; wrong ones are refused."""

import time
from pathlib import Path

import pytest

from f.webhooks.providers.content import require_content_type
from f.webhooks.providers.reading import read_events
from f.webhooks.requests.refusal import RefuseRequest
from f.webhooks.requests.request import WebhookRequest
from f.webhooks.requests.source import source_of
from f.webhooks.verifying.signature import verify
from mill.errors import MillError
from mill.senders.envelope import envelope, new_id
from mill.senders.posting import FAULTS, Fault, Signer, signed
from mill.senders.samples import sample, types, with_fields
from mill.senders.signing import KINDS, Kind
from tests.mill.senders.mock_sources import ROOT, mock_source

NOW = time.time()
SAMPLES = [(kind, name) for kind in KINDS for name in types(ROOT, kind)]

LIST_HINT = "--field d.2.x: there is no 2 in the event."
# These sign no time; and half a form is a form.
NOT_THERE = {("twilio", "no-time"), ("github", "no-time"), ("shopify", "no-time"), ("twilio", "json")}


def request_of(kind: Kind, name: str, event_id: str, fault: Fault | None = None) -> WebhookRequest:
    fields = mock_source(kind)
    what = envelope(kind, name, sample(ROOT, kind, name), event_id=event_id, now=NOW)
    signer = Signer(kind, fields["secret"], fields.get("url", ""))
    posted = signed(signer, what, event_id=event_id, now=NOW, fault=fault)
    headers = {key.lower(): value for key, value in posted.headers.items()}
    return WebhookRequest("POST", signer.url, headers, posted.body)


def take(kind: Kind, request: WebhookRequest) -> list[tuple[str, str]]:
    source = source_of(kind, mock_source(kind))
    require_content_type(kind, request)
    verify(request, source, NOW)
    return [(event.type, event.key) for event in read_events(request, source).events]


def test_there_is_a_sample_of_every_kind() -> None:
    assert {kind for kind, _ in SAMPLES} == set(KINDS)


@pytest.mark.parametrize(("kind", "name"), SAMPLES)
def test_a_sample_is_taken_for_what_it_says_it_is(kind: Kind, name: str) -> None:
    if name == "url_verification":
        expected = set()
    elif name == "message.delivered" and kind == "sendgrid":
        expected = {"message.delivered", "message.open"}
    else:
        expected = {name.removeprefix("v1.")}
    assert {told for told, _ in take(kind, request_of(kind, name, new_id(kind)))} == expected


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_has_the_same_key_when_it_is_told_again_and_another_one_has_another(kind: Kind) -> None:
    name = types(ROOT, kind)[0]
    one, another = new_id(kind), new_id(kind)
    first, again, other = (take(kind, request_of(kind, name, told)) for told in (one, one, another))
    assert first == again
    assert first != other


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_broken_on_purpose_is_refused(kind: Kind, fault: Fault) -> None:
    name = types(ROOT, kind)[0]
    if (kind, fault) in NOT_THERE:
        with pytest.raises(MillError):
            request_of(kind, name, new_id(kind), fault)
        return
    request = request_of(kind, name, new_id(kind), fault)
    with pytest.raises(RefuseRequest):
        take(kind, request)


def test_a_value_is_put_where_its_name_leads() -> None:
    content = {"data": {"object": {"amount": 1}}, "list": [{"email": "a"}]}
    changed = with_fields(content, ["data.object.amount=500", "list.0.email=anna@example.com", "new=null"])
    assert changed == {
        "data": {"object": {"amount": 500}},
        "list": [{"email": "anna@example.com"}],
        "new": None,
    }


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("amount", "--field takes NAME=VALUE, such as data.object.amount=500, not 'amount'."),
        ("dta.x=1", "--field dta.x: there is no dta in the event. Did you mean data? There are: data, d."),
        (
            "d.2.x=1",
            f"{LIST_HINT} It is a list there, of 1; say which by its number, from 0.",
        ),
        ("data.0.x=1", "--field data.0.x: nothing can be put at x. There is a plain value."),
    ],
)
def test_a_name_that_leads_nowhere_is_said(assignment: str, said: str) -> None:
    with pytest.raises(MillError) as raised:
        with_fields({"data": ["text"], "d": [1]}, [assignment])
    assert str(raised.value) == said


def test_a_sample_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(MillError, match=r"There is no sample pull of github\. .*There are: issues\.opened,"):
        sample(ROOT, "github", "pull")
    with pytest.raises(MillError, match="flows/data/webhooks has none of github"):
        sample(tmp_path, "github", "push")
