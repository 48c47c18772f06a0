"""Sending to many: batches as large as the provider takes, and an outcome for every recipient.

With a message_key each recipient is claimed before the batch goes out:

    claimed -> sent                      a later run answers "already sent", whatever its list holds
            -> certainly not sent        the claim is given back
            -> answer lost, job killed   in doubt: repeated only by the very same batch
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from f.connect.client import Client
from f.connect.errors import ConnectError, FixInput, FixSettings, OutcomeUnknown, SignInAgain, WaitForQuota
from f.notify.email.address_list import one_line
from f.notify.email.mail import Mail, address_of, text_of_html
from f.notify.messages.opt_outs import OptOuts
from f.notify.messages.templating import fill_html, fill_text
from f.store.once import Attempt, OneTimeWrite, send_once
from f.store.sent_keys import IN_DOUBT, claim_all, forget_all, key_of, remember_all, sent_ids

if TYPE_CHECKING:
    from f.notify.email.provider import EmailProvider
    from f.store.store import Store

RecipientStatus = Literal["sent", "already_sent", "suppressed", "refused", "failed", "unknown"]
_STOPPING = (SignInAgain, FixSettings, WaitForQuota)
_REFUSED = "-"  # stands for an id in the receipt of a batch
_LOST_BEFORE = (
    "An earlier run sent it together with others, and the answer was lost. Look there, and use another "
    "message_key to send it all the same."
)


class RecipientResult(TypedDict):
    """The result of one recipient, at its place in the input's list."""

    email: str
    status: RecipientStatus
    id: str
    reason: str


class BulkResult(TypedDict):
    """Every recipient is in `recipients` once, in the input's order; `counts` adds up to their number."""

    provider: str
    counts: dict[str, int]
    recipients: list[RecipientResult]


def send_bulk(
    mail: Mail,
    recipients: Sequence[Mapping[str, Any]],
    provider: EmailProvider,
    store: Store,
    *,
    message_key: str = "",
) -> BulkResult:
    """Send `mail`, its subject and content filled for each recipient. Its own `to` does not matter.

    A refused credential or a used-up quota stops the run; whom it had not reached is `failed`.
    """
    if not recipients:
        raise FixInput("No recipients: give a list of objects with an email each.", code="no_recipients")
    run = _Run(provider, store, message_key, len(recipients))
    mails = run.filled(mail, recipients)
    with Client(provider.integration, store) as client:
        for batch in provider.batches(mails):
            run.send(client, batch)
    return run.result(recipients)


class _Run:
    """One bulk sending: the outcome of each recipient by its place in the list, None until it has one."""

    def __init__(self, provider: EmailProvider, store: Store, message_key: str, count: int) -> None:
        self._provider, self._store, self._message_key = provider, store, message_key
        self._outcomes: list[tuple[RecipientStatus, str, str] | None] = [None] * count
        self._places: dict[int, int] = {}  # an e-mail's identity to its recipient's place
        self._stopped: ConnectError | None = None
        self._claims: dict[str, str] = {}  # of this run: a recipient's key to what stands for its id

    def filled(self, mail: Mail, recipients: Sequence[Mapping[str, Any]]) -> list[Mail]:
        """Return one e-mail per recipient; who cannot get one has an outcome already."""
        opt_outs = OptOuts(self._store)
        seen: set[str] = set()
        mails = []
        for place, recipient in enumerate(recipients):
            try:
                one = _fill(mail, recipient)
            except FixInput as error:
                self._outcomes[place] = ("refused", "", str(error))
                continue
            email = one.to[0].email
            if email.casefold() in seen:
                self._outcomes[place] = ("refused", "", "The address is in the list before.")
            elif opt_outs.has("email", email):
                self._outcomes[place] = ("suppressed", "", "The recipient opted out.")
            else:
                mails.append(one)
                self._places[id(one)] = place
            seen.add(email.casefold())
        return mails

    def _key(self, mail: Mail) -> str:
        return key_of("bulk", self._provider.name, self._message_key, mail.to[0].email.lower())

    def _batch_key(self, batch: Sequence[Mail]) -> str:
        """Return the key of these recipients, in whatever order they are listed."""
        addresses = sorted(mail.to[0].email.lower() for mail in batch)
        return key_of(self._provider.name, self._message_key, *addresses) if self._message_key else ""

    def _claimed(self, batch: list[Mail]) -> list[Mail]:
        """Claim a batch; leave out whom another run with this message_key reached or may have reached.

        A batch in doubt as a whole is left whole: under its key it is repeated safely, or refused.
        """
        while batch:
            keys = {self._key(mail): mail for mail in batch}
            in_doubt = IN_DOUBT + self._batch_key(batch)
            mine = claim_all(self._store, list(keys), in_doubt)
            if len(mine) == len(batch):
                self._claims |= dict.fromkeys(mine, in_doubt)
                return batch
            known = sent_ids(self._store, [key for key in keys if key not in mine])
            if not mine and len(known) == len(batch) and set(known.values()) == {in_doubt}:
                return batch
            forget_all(self._store, list(mine), in_doubt)
            for key, before in known.items():
                if before.startswith(IN_DOUBT):
                    self._record(keys[key], "unknown", reason=_LOST_BEFORE)
                else:
                    self._record(keys[key], "already_sent", service_id=before)
            batch = [mail for key, mail in keys.items() if key not in known]
        return batch

    def _give_back(self, mails: Sequence[Mail]) -> None:
        """Give back the claims of those to whom certainly nothing was sent."""
        by_stand_in: dict[str, list[str]] = {}
        for key in map(self._key, mails):
            if stand_in := self._claims.pop(key, ""):
                by_stand_in.setdefault(stand_in, []).append(key)
        for stand_in, keys in by_stand_in.items():
            forget_all(self._store, keys, stand_in)

    def _remember(self, batch: Sequence[Mail], outcomes: Sequence[str | ConnectError]) -> None:
        """Keep of each recipient that the e-mail was sent, or that this is in doubt, or give it back."""
        if not self._message_key:
            return
        in_doubt = IN_DOUBT + self._batch_key(batch)
        ids = {}
        for mail, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, OutcomeUnknown):
                ids[self._key(mail)] = in_doubt
            elif isinstance(outcome, str) and outcome != _REFUSED:
                ids[self._key(mail)] = outcome
        remember_all(self._store, ids)
        self._give_back([mail for mail in batch if self._key(mail) not in ids])

    def send(self, client: Client, batch: list[Mail]) -> None:
        """Send a batch; if the provider refuses all for one, send the others without it."""
        if self._stopped is not None:
            return
        if self._message_key:  # the same people make the same request, in whatever order they are listed
            batch = self._claimed(sorted(batch, key=lambda mail: mail.to[0].email))
        while batch:
            try:
                self._send_batch(client, batch)
            except ConnectError as error:
                place = self._provider.refused_place(error)
                if place is None or place >= len(batch):
                    self._fail(batch, error)
                    return
                refused = batch.pop(place)
                self._give_back([refused])
                self._record(refused, "refused", reason=str(error))
            else:
                return

    def _send_batch(self, client: Client, batch: list[Mail]) -> None:
        outcomes: list[str | ConnectError] = []

        def send(attempt: Attempt) -> str:
            request = replace(self._provider.batch_request(batch, attempt.mark), permit=attempt.permit)
            outcomes[:] = self._provider.read_batch(client.request(request), len(batch))
            return _ids_of(outcomes)

        write = OneTimeWrite(send, repeat_safe=self._provider.repeat_safe)
        try:
            receipt = send_once(self._store, self._batch_key(batch), write)
        except ConnectError:
            if not outcomes:
                raise
            self._record_all(batch, outcomes, "sent")
            return
        if receipt.status == "sent":
            self._record_all(batch, outcomes, "sent")
            return
        ids = receipt.id.split(",") if "," in receipt.id else [receipt.id] * len(batch)
        left = [mail for mail, one in zip(batch, ids, strict=True) if one == _REFUSED]
        self._record_all(batch, ids, "already_sent")
        self.send(client, left)  # under a key of their own, as they are fewer

    def _record_all(
        self, batch: Sequence[Mail], outcomes: Sequence[str | ConnectError], status: RecipientStatus
    ) -> None:
        self._remember(batch, outcomes)
        for mail, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, OutcomeUnknown):
                self._record(mail, "unknown", reason=str(outcome))
            elif isinstance(outcome, ConnectError):
                self._record(mail, "refused", reason=str(outcome))
            else:
                self._record(mail, status, service_id=outcome)

    def _fail(self, batch: list[Mail], error: ConnectError) -> None:
        status: RecipientStatus = "unknown" if isinstance(error, OutcomeUnknown) else "failed"
        if isinstance(error, _STOPPING):
            self._stopped = error
        self._remember(batch, [error] * len(batch))
        for mail in batch:
            self._record(mail, status, reason=str(error))

    def _record(self, mail: Mail, status: RecipientStatus, *, service_id: str = "", reason: str = "") -> None:
        self._outcomes[self._places[id(mail)]] = (status, service_id, reason)

    def result(self, recipients: Sequence[Mapping[str, Any]]) -> BulkResult:
        """Return all outcomes; who has none was not reached before the run stopped."""
        unsent: tuple[RecipientStatus, str, str] = (
            "failed",
            "",
            f"Not sent, as the run stopped: {self._stopped}",
        )
        outcomes = [outcome or unsent for outcome in self._outcomes]
        results: list[RecipientResult] = [
            {"email": _email_of(recipient), "status": status, "id": service_id, "reason": reason}
            for recipient, (status, service_id, reason) in zip(recipients, outcomes, strict=True)
        ]
        counts = Counter[str](one["status"] for one in results)
        return {"provider": self._provider.name, "counts": dict(counts), "recipients": results}


def _ids_of(outcomes: Sequence[str | ConnectError]) -> str:
    """Return the ids of a batch for the receipt, so that a later run with its key knows each one's.

    Raises what is in doubt, so that the batch stays in doubt; and a refusal if nothing at all was sent.
    """
    for outcome in outcomes:
        if isinstance(outcome, OutcomeUnknown):
            raise outcome
    ids = [_REFUSED if isinstance(outcome, ConnectError) else outcome for outcome in outcomes]
    if isinstance(outcomes[0], ConnectError) and set(ids) == {_REFUSED}:
        raise outcomes[0]
    return ids[0] if len(set(ids)) == 1 else ",".join(ids)


def _email_of(recipient: Any) -> str:
    return str(recipient.get("email", "")) if isinstance(recipient, Mapping) else ""


def _fill(mail: Mail, recipient: Any) -> Mail:
    if not isinstance(recipient, Mapping) or not recipient.get("email"):
        raise FixInput("The recipient has no email.", code="no_recipients")
    address = address_of(str(recipient["email"]), "recipients")
    address = replace(address, name=one_line(str(recipient.get("name") or address.name), "A name"))
    data = recipient.get("data") or {}
    if not isinstance(data, Mapping):
        raise FixInput("The recipient's data must be an object of fields.", code="bad_data")
    if mail.template_id:
        return replace(mail, to=[address], template_data={**mail.template_data, **data})
    values = {"email": address.email, "name": address.name, **data}
    html = fill_html(mail.html, values, name="html") if mail.html else ""
    text = fill_text(mail.text, values, name="text") if mail.text else text_of_html(html)
    subject = one_line(fill_text(mail.subject, values, name="subject"), "subject")
    return replace(mail, to=[address], subject=subject, html=html, text=text)
