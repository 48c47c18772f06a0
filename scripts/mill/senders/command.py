"""`mill webhooks send`: one event, signed as its provider signs, to a route that takes it."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from mill.api.storage.database import Database
from mill.api.storage.templates import Templates
from mill.api.storage.values import Values, read_environment
from mill.errors import MillError
from mill.repository.workspace import Workspace, hint
from mill.senders.envelope import envelope, new_id
from mill.senders.posting import FAULTS, Answer, Fault, Signer, post, signed
from mill.senders.samples import sample, types, with_fields
from mill.senders.signing import KINDS, Kind

_SERVED = "http://127.0.0.1:8000/api/r/local/webhooks"
_TEMPLATES = Path("resources", "mock")
_DATABASE = Path(".mill", "mill.sqlite")
_LONGEST_ANSWER = 160
_OLDEST = 1_000_000_000  # seconds, some thirty years: what every provider can still write
_KINDS_HELP = f"Who sends: {', '.join(KINDS)}."
_FAULTS_HELP = f"Send it wrong in one way: {', '.join(FAULTS)}. It must be refused."


KindName = Annotated[str, typer.Argument(metavar="KIND", help=_KINDS_HELP)]
EventType = Annotated[
    str | None, typer.Argument(metavar="TYPE", help="Which event; the first of its samples if not given.")
]
To = Annotated[str | None, typer.Option(metavar="URL", help=f"Where to; {_SERVED}/SOURCE if not given.")]
Source = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Sign for the resource f/webhooks/NAME; by itself that of the kind."),
]
Secret = Annotated[str | None, typer.Option(help="Sign with this, and not with the secret of the source.")]
Url = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="The address that Twilio and HubSpot sign; that of the source, else where it is sent to.",
    ),
]
Fields = Annotated[
    list[str] | None,
    typer.Option("--field", metavar="NAME=VALUE", help="Put a value in: data.object.amount=500. Repeatable."),
]
Id = Annotated[
    str | None,
    typer.Option("--id", metavar="ID", help="The event's id, as its provider writes them; else a new one."),
]
Repeat = Annotated[int, typer.Option(min=1, max=1000, help="Tell the same event so often.")]
Age = Annotated[
    float, typer.Option(metavar="SECONDS", help="Sign it as so old; below 0, as from the future.")
]
Break = Annotated[str | None, typer.Option("--break", metavar="WHAT", help=_FAULTS_HELP)]
Show = Annotated[bool, typer.Option("--show", help="Print the request too, headers and body.")]


def send(
    kind: KindName,
    event_type: EventType = None,
    *,
    to: To = None,
    source: Source = None,
    secret: Secret = None,
    url: Url = None,
    fields: Fields = None,
    event_id: Id = None,
    repeat: Repeat = 1,
    age: Age = 0.0,
    fault: Break = None,
    show: Show = False,
) -> None:
    """Post an event to a route webhooks/SOURCE, written and signed as its provider does.

    \b
    mill webhooks send stripe payment_intent.succeeded    to `mill serve` on port 8000
    mill webhooks send github push --repeat 3             one event, told three times
    mill webhooks send slack --break signature            must be answered 401
    mill webhooks send twilio message.delivered --field MessageSid=SM123 --to https://...

    The samples lie in flows/data/webhooks, one file each: KIND.TYPE.json. A new
    one is a file more. Secrets come from resources/mock, as `mill serve` has them.

    One line an answer: its status, its text, which event it was about. Exit code 0
    if each was accepted (2xx), 1 if not.
    """  # noqa: D301 - \b tells typer to keep the lines as they are
    known, broken = _kind(kind), _fault(fault)
    root = Workspace.find().root
    where = to or f"{_SERVED}/{source or kind}"
    signer = _signer(root, known, source or kind, secret, url or "", where)
    chosen = event_type or _first(root, known)
    content = with_fields(sample(root, known, chosen), fields or ())
    one, now = event_id or new_id(known), time.time() - _age(age)
    answers = []
    for attempt in range(1, repeat + 1):
        what = envelope(known, chosen, content, event_id=one, now=now, attempt=attempt)
        posted = signed(signer, what, event_id=one, now=now, fault=broken)
        if show:
            typer.echo("".join(f"{key}: {value}\n" for key, value in posted.headers.items()))
            typer.echo(posted.body.decode("utf-8", "replace"))
        answers.append(post(where, posted))
        typer.echo(_line(answers[-1], f"{kind} {chosen} {one}"))
    if not all(answer.is_accepted for answer in answers):
        raise typer.Exit(1)


def _kind(kind: str) -> Kind:
    for one in KINDS:
        if one == kind:
            return one
    raise MillError(f"There is no kind {kind}.{hint(kind, KINDS)} There are: {', '.join(KINDS)}.")


def _fault(fault: str | None) -> Fault | None:
    for one in FAULTS:
        if one == fault:
            return one
    if fault is None:
        return None
    raise MillError(f"--break cannot be {fault}.{hint(fault, FAULTS)} It can be: {', '.join(FAULTS)}.")


def _age(seconds: float) -> float:
    if not abs(seconds) <= _OLDEST:
        raise MillError(f"--age is {seconds:g}, and must be from -{_OLDEST} to {_OLDEST} seconds.")
    return seconds


def _first(root: Path, kind: Kind) -> str:
    known = types(root, kind)
    if not known:
        raise MillError(f"flows/data/webhooks has no sample of {kind}: make a file {kind}.TYPE.json there.")
    return known[0]


def _signer(root: Path, kind: Kind, name: str, secret: str | None, url: str, to: str) -> Signer:
    fields: Mapping[str, Any] = {}
    if secret is None or (not url and kind in ("twilio", "hubspot")):
        fields = _source(root, kind, name) if secret is None else _source_if_any(root, kind, name)
    if kind == "sendgrid" and secret is not None and not secret.isdecimal():
        raise MillError("Of sendgrid --secret is a private key of the curve P-256, as a decimal number.")
    # Of SendGrid the resource has the public key alone; the private one of the mock is known to all.
    found = str(fields.get("secret") or "") if secret is None else secret
    return Signer(kind, found, url or str(fields.get("url") or "") or to)


def _source_if_any(root: Path, kind: Kind, name: str) -> Mapping[str, Any]:
    try:
        return _source(root, kind, name)
    except MillError:
        return {}


def _source(root: Path, kind: Kind, name: str) -> Mapping[str, Any]:
    """Return the resource as `mill serve` would have it."""
    with tempfile.TemporaryDirectory(prefix="mill-webhooks-") as folder:
        # A state directory that is not there yet is not made by looking.
        file = root / _DATABASE if (root / _DATABASE).exists() else Path(folder) / "mill.sqlite"
        with Database(file) as database:
            values = Values(Templates([root / _TEMPLATES]), database, read_environment(root, os.environ))
            fields = values.resolved(f"f/webhooks/{name}")
    if not isinstance(fields, dict) or not isinstance(fields.get("secret"), str):
        raise MillError(f"The resource f/webhooks/{name} has no secret. Give one with --secret.")
    if fields.get("kind") != kind:
        raise MillError(f"The source {name} is of the kind {fields.get('kind')}, not {kind}.")
    return fields


def _line(answer: Answer, about: str) -> str:
    text = " ".join(answer.text.split())
    if len(text) > _LONGEST_ANSWER:
        text = f"{text[:_LONGEST_ANSWER]}..."
    return f"{answer.status} {text or '(empty)'} - {about}, {1000 * answer.seconds:.0f} ms"
