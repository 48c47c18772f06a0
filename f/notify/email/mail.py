"""An e-mail, checked before anything is sent: addresses, one-line headers, sizes, limits."""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from f.connect.errors import FixInput
from f.notify.email.address_list import Address, one_line, read_addresses

MOST_CATEGORIES = 10
MOST_ATTACHED_BYTES = 25_000_000  # encoded; SendGrid takes 30 MB in all, many receivers less
_LONGEST_SUBJECT = 998  # RFC 5322, 2.1.1

_SILENT = frozenset({"head", "style", "script", "title", "template"})
_BREAKS = {
    "br": "\n",
    "p": "\n\n",
    "div": "\n",
    "tr": "\n",
    "table": "\n\n",
    "ul": "\n",
    "ol": "\n",
    "hr": "\n\n",
}
_BREAKS |= {f"h{level}": "\n\n" for level in range(1, 7)}
_CELLS = frozenset({"td", "th"})


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file; `content` is base64."""

    filename: str
    content: str
    content_type: str


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail that may be sent. `template_id` with `template_data` stands in for subject and content."""

    sender: Address
    to: Sequence[Address]
    subject: str = ""
    html: str = ""
    text: str = ""
    cc: Sequence[Address] = ()
    bcc: Sequence[Address] = ()
    reply_to: Address | None = None
    attachments: Sequence[Attachment] = ()
    categories: Sequence[str] = ()
    template_id: str = ""
    template_data: Mapping[str, Any] = field(default_factory=dict)


def mail_of(
    sender: str,
    to: str | Sequence[str],
    subject: str = "",
    html: str = "",
    text: str = "",
    *,
    cc: Sequence[str] = (),
    bcc: Sequence[str] = (),
    reply_to: str = "",
    attachments: Sequence[Mapping[str, Any]] = (),
    categories: Sequence[str] = (),
    template_id: str = "",
    template_data: Mapping[str, Any] | None = None,
) -> Mail:
    """Check an e-mail as a form or a flow hands it over; FixInput says what is wrong and where.

    Nobody gets it twice: an address in `to` is taken out of cc and bcc. Missing text is made from the HTML.
    """
    seen: set[str] = set()
    recipients = [
        _distinct(addresses_of(texts, name), seen) for name, texts in (("to", to), ("cc", cc), ("bcc", bcc))
    ]
    if not recipients[0]:
        raise FixInput("No recipient: give at least one address in `to`.", code="no_recipients")
    if not template_id:
        _check_content(subject, html, text)
    return Mail(
        sender=address_of(sender, "sender"),
        to=recipients[0],
        subject=one_line(subject, "subject"),
        html=html,
        text=text or (text_of_html(html) if html else ""),
        cc=recipients[1],
        bcc=recipients[2],
        reply_to=address_of(reply_to, "reply_to") if reply_to else None,
        attachments=_attachments(attachments),
        categories=_categories(categories),
        template_id=template_id,
        template_data=template_data or {},
    )


def address_of(text: str, what: str) -> Address:
    """Read the one address in a text; FixInput if it has more. Errors name the input, never the address."""
    found = read_addresses(text, what)
    if len(found) != 1:
        why = (
            f"{what} takes one address, and this has {len(found)}"
            if found
            else f"An address in {what} is missing"
        )
        raise FixInput(f"{why}. Write name@example.com, or Name <name@example.com>.", code="bad_address")
    return found[0]


def addresses_of(listed: str | Sequence[str], what: str) -> list[Address]:
    """Read a list of addresses, or a text of several; so may each text of the list have several."""
    texts = [listed] if isinstance(listed, str) else listed
    if not isinstance(texts, list | tuple):
        raise FixInput(f"{what} must be a list of addresses, or a text of them.", code="bad_address")
    return [address for text in texts for address in read_addresses(text, what)]


def _distinct(addresses: Iterable[Address], seen: set[str]) -> list[Address]:
    """SendGrid refuses a message that names an address twice, in whatever case."""
    kept = []
    for address in addresses:
        if address.email.casefold() not in seen:
            seen.add(address.email.casefold())
            kept.append(address)
    return kept


def _check_content(subject: str, html: str, text: str) -> None:
    if not subject.strip():
        raise FixInput("The e-mail has no subject.", code="no_subject")
    if len(subject) > _LONGEST_SUBJECT:
        raise FixInput(
            f"The subject has {len(subject)} characters; a header line takes {_LONGEST_SUBJECT}.",
            code="too_long",
        )
    if not (html.strip() or text.strip()):
        raise FixInput("The e-mail is empty. Give html or text.", code="no_text")


def _categories(names: Sequence[str]) -> list[str]:
    if not all(isinstance(name, str) for name in names):
        raise FixInput("A category is not a text.", code="bad_category")
    categories = list(dict.fromkeys(one_line(name.strip(), "a category") for name in names if name.strip()))
    if len(categories) > MOST_CATEGORIES:
        raise FixInput(
            f"An e-mail has at most {MOST_CATEGORIES} categories, this has {len(categories)}.",
            code="too_many_categories",
        )
    return categories


def _attachments(items: Sequence[Mapping[str, Any]]) -> list[Attachment]:
    attachments = [_attachment(item, number) for number, item in enumerate(items, 1)]
    size = sum(len(attachment.content) for attachment in attachments)
    if size > MOST_ATTACHED_BYTES:
        raise FixInput(
            f"The attachments take {size / 1e6:.1f} MB encoded; at most {MOST_ATTACHED_BYTES / 1e6:.0f} MB "
            "are sent. Send a link instead.",
            code="too_large",
        )
    return attachments


def _attachment(item: Mapping[str, Any], number: int) -> Attachment:
    item = item if isinstance(item, Mapping) else {}
    filename, content = item.get("filename"), item.get("content")
    if not isinstance(filename, str) or not filename.strip() or not isinstance(content, str) or not content:
        raise FixInput(
            f"Attachment {number} needs a filename and its content in base64.", code="bad_attachment"
        )
    try:
        base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FixInput(f"The content of attachment {number} is not base64.", code="bad_attachment") from error
    kind = item.get("content_type") or mimetypes.guess_type(filename)[0] or "application/octet-stream"
    name = one_line(filename, f"The filename of attachment {number}").replace("/", "_").replace("\\", "_")
    return Attachment(name, content, one_line(str(kind), f"The content_type of attachment {number}"))


def text_of_html(html: str) -> str:
    """Return the text of an HTML message: paragraphs, list items, and a link's address after its words."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = [re.sub(r"[ \t\xa0]+", " ", line).strip() for line in "".join(reader.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self.parts)))
        elif tag in _CELLS:
            self.parts.append("  ")
        else:
            self.parts.append(_BREAKS.get(tag, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "a" and self._links:
            address, start = self._links.pop()
            words = "".join(self.parts[start:]).strip()
            if address and not address.startswith("#") and words != address.removeprefix("mailto:"):
                self.parts.append(f" ({address})")
        elif tag != "br":
            self.parts.append(_BREAKS.get(tag, ""))

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(re.sub(r"\s+", " ", data))
