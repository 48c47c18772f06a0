"""Sending a text message: checked, counted, not to who opted out, once.

Segments are what the operator bills. 3GPP TS 23.038: 7-bit characters, of which ten count twice, else
UTF-16. A message of several segments spends 7 septets or 6 bytes of each on the header that joins them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from f.connect.client import Client
from f.connect.errors import FixInput, FixSettings, GiveUpRecord
from f.notify.messages.account_limit import LONGEST_WAIT, wait_for_turn
from f.notify.messages.message import is_web_address
from f.notify.messages.opt_outs import Medium, OptOuts
from f.notify.texts.client import (
    SUPPRESSED,
    Text,
    find_sent,
    integration_of,
    list_request,
    read_state,
    send_request,
)
from f.notify.texts.phone import e164, masked
from f.store.once import Attempt, Candidate, Once, OneTimeWrite, send_once
from f.store.sent_keys import KEEP_SECONDS, key_of, was_sent

if TYPE_CHECKING:
    from f.store.store import Store

MOST_CHARACTERS = 1600  # https://www.twilio.com/docs/api/errors/21617

_GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_7_TWICE = frozenset("\f^{}\\[~]|€")
_MOST_MEDIA = 10
_LONGEST_SENDER_ID = 11
_WHATSAPP = "whatsapp:"


@dataclass(frozen=True, slots=True)
class Segments:
    """`units` are septets in GSM-7 and UTF-16 code units in UCS-2."""

    encoding: Literal["GSM-7", "UCS-2"]
    units: int
    count: int
    odd_characters: str = ""  # what forced UCS-2, each once


class TextResult(TypedDict):
    """`segments` is what we counted and the operator bills; 0 for a template, whose text Twilio knows."""

    status: Literal["sent", "already_sent", "suppressed"]
    sid: str
    segments: int
    encoding: str
    notices: list[str]


def text_of(
    to: str,
    sender: str,
    body: str,
    default_country: str,
    *,
    whatsapp: bool = False,
    media_urls: Sequence[str] = (),
    content_sid: str = "",
    content_variables: Mapping[str, Any] | None = None,
) -> Text:
    """Check everything that can be checked without sending; FixInput says what is wrong."""
    if not to.strip():
        raise FixInput("No recipient: give a number in `to`.", code="no_recipients")
    if bool(body.strip()) == bool(content_sid) and not (media_urls and not content_sid):
        raise FixInput("Give either a text or a template (content_sid).", code="no_text")
    if len(body) > MOST_CHARACTERS:
        raise FixInput(
            f"The text has {len(body):,} characters; Twilio takes {MOST_CHARACTERS:,}. Shorten it.",
            code="too_long",
        )
    if len(media_urls) > _MOST_MEDIA:
        raise FixInput(
            f"A message takes {_MOST_MEDIA} media files, this has {len(media_urls)}.", code="too_many_media"
        )
    for url in media_urls:
        if not is_web_address(url):
            raise FixInput(
                "A media URL must begin with https:// and be reachable by Twilio.", code="bad_media_url"
            )
    number = e164(to.removeprefix(_WHATSAPP), default_country)
    from_ = _sender(sender.strip(), default_country, whatsapp=whatsapp)
    text = Text(f"{_WHATSAPP}{number}" if whatsapp else number, from_, body, tuple(media_urls))
    variables = {str(name): str(value) for name, value in (content_variables or {}).items()}
    return replace(text, content_sid=content_sid, content_variables=variables or None)


def send_text(
    text: Text,
    twilio: Mapping[str, Any],
    store: Store,
    *,
    message_key: str = "",
    window: float | None = None,
    longest_wait: float = LONGEST_WAIT,
    once: Once = send_once,
) -> TextResult:
    """Send unless the recipient opted out; a lost answer is looked up in Twilio's list at once.

    `longest_wait`: seconds to wait for the account's turn. `once`: `look_only` sends nothing.
    """
    medium: Medium = "whatsapp" if text.to.startswith(_WHATSAPP) else "sms"
    number = text.to.removeprefix(_WHATSAPP)
    integration = integration_of(twilio)  # a wrong resource is reported before anything is looked up
    text = replace(text, status_callback=_status_callback(twilio))
    counted = count_segments(text.body)
    notices = []
    if counted.encoding == "UCS-2" and counted.count > 1:
        notices.append(f"These characters make it {counted.count} segments: {counted.odd_characters[:20]}")
    result: TextResult = {
        "status": "sent",
        "sid": "",
        "segments": counted.count,
        "encoding": counted.encoding,
        "notices": notices,
    }
    opt_outs = OptOuts(store)
    if opt_outs.has(medium, number):
        return {
            **result,
            "status": "suppressed",
            "notices": [f"{masked(number)} opted out. Nothing was sent."],
        }
    key = key_of("twilio", text.to, message_key) if message_key else ""
    if not (key and was_sent(store, key, window or KEEP_SECONDS)):
        notices += filter(None, [wait_for_turn("Twilio", twilio, store, longest=longest_wait)])
    with Client(integration, store) as client:
        write = _write_of(client, text, str(twilio["accountSid"]), store)
        try:
            receipt = once(store, key, write, window=window)
        except GiveUpRecord as error:
            if error.code != SUPPRESSED:
                raise
            opt_outs.add(medium, number, "reported by the operator")
            return {**result, "status": "suppressed", "notices": [str(error)]}
    return {**result, "status": receipt.status, "sid": receipt.id}


def _status_callback(twilio: Mapping[str, Any]) -> str:
    """Return where Twilio tells what becomes of a message; for a bad address it would refuse the message."""
    address = twilio.get("status_callback") or ""
    if address and not (isinstance(address, str) and is_web_address(address)):
        raise FixSettings(
            "status_callback in the Twilio resource must be the whole address of a webhook, beginning with "
            "https://.",
            code="bad_settings",
        )
    return str(address)


def _write_of(client: Client, text: Text, account: str, store: Store) -> OneTimeWrite:
    def send(attempt: Attempt) -> str:
        return read_state(client.request(replace(send_request(text, account), permit=attempt.permit))).sid

    def look_up(attempt: Attempt) -> list[Candidate]:
        response = client.request(list_request(text, account))
        now = store.now()
        return find_sent(response, text, (now - attempt.since, now - attempt.until), now)

    variables = sorted((text.content_variables or {}).items())
    sent = (account, text.to, text.sender, text.body, text.media_urls, text.content_sid, variables)
    return OneTimeWrite(send, look_up, likeness=key_of("twilio", *sent))


def _sender(sender: str, default_country: str, *, whatsapp: bool) -> str:
    if not sender:
        raise FixInput(
            "No sender: give a number of the Twilio account, or a messaging service (MG...).",
            code="no_sender",
        )
    if sender.startswith("MG") and len(sender) == 34:
        return sender
    if whatsapp:
        return _WHATSAPP + e164(sender.removeprefix(_WHATSAPP), default_country, what="sender")
    if any(character.isalpha() for character in sender):  # an alphanumeric sender id
        if len(sender) > _LONGEST_SENDER_ID or not sender.replace(" ", "").isalnum() or not sender.isascii():
            raise FixInput(
                f"A sender id has at most {_LONGEST_SENDER_ID} letters, digits and spaces.", code="bad_sender"
            )
        return sender
    if sender.isdigit() and len(sender) <= 6:  # a short code
        return sender
    return e164(sender, default_country, what="sender")


def count_segments(text: str) -> Segments:
    """Count as the operators do; an escaped character or a surrogate pair is never cut in two."""
    odd = [character for character in text if character not in _GSM_7 and character not in _GSM_7_TWICE]
    if odd:
        sizes = [2 if ord(character) > 0xFFFF else 1 for character in text]
        return Segments("UCS-2", sum(sizes), _fill(sizes, 70, 67), "".join(dict.fromkeys(odd)))
    sizes = [2 if character in _GSM_7_TWICE else 1 for character in text]
    return Segments("GSM-7", sum(sizes), _fill(sizes, 160, 153))


def _fill(sizes: list[int], alone: int, joined: int) -> int:
    if sum(sizes) <= alone:
        return 1 if sizes else 0
    segments, room = 1, joined
    for size in sizes:
        if size > room:
            segments, room = segments + 1, joined
        room -= size
    return segments
