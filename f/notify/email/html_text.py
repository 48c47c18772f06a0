"""The text of an HTML message, for readers without HTML: paragraphs, list items, link addresses."""

from __future__ import annotations

import re
from html.parser import HTMLParser

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


def text_of_html(html: str) -> str:
    """Return the text; a link's address follows its words unless they are the address."""
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
            said = "".join(self.parts[start:]).strip()
            if address and not address.startswith("#") and said != address.removeprefix("mailto:"):
                self.parts.append(f" ({address})")
        elif tag != "br":
            self.parts.append(_BREAKS.get(tag, ""))

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(re.sub(r"\s+", " ", data))
