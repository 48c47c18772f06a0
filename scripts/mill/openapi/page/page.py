"""Writes the page: a card for each route and each webhook, everything in one file and from no other host."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from html import escape

from mill.openapi.page.card import card, entries
from mill.openapi.page.curl import variables
from mill.openapi.page.marking import marked
from mill.openapi.page.script import SCRIPT
from mill.openapi.page.style import STYLE
from mill.openapi.reading.schemas import Json


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


# Nothing but this very stylesheet and this very script counts; no picture, no frame, no request.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_hash(STYLE)}'; script-src 'sha256-{_hash(SCRIPT)}'; "
    "base-uri 'none'; form-action 'none'"
)


def write_page(document: Json) -> str:
    """Return the page of a document, as HTML."""
    title = escape(document["info"]["title"])
    body = "".join(_body(document, title))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}: HTTP</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}"
        f"<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )


def _body(document: Json, title: str) -> Iterator[str]:
    by_tag: dict[str, list[str]] = {one["name"]: [] for one in document["tags"]}
    routes: list[str] = []
    for entry in entries(document):
        text = card(document, entry)
        (routes if entry.is_route else by_tag[entry.tag]).append(text)
    yield '<a class="skip" href="#operations">To the operations</a>\n'
    yield f"<header>\n<h1>{title}</h1>\n<p>{escape(document['info']['description'])}</p>\n"
    yield from _before(document)
    yield '<nav aria-label="Folders"><ul>'
    yield '<li><a href="#routes">routes</a></li>' if routes else ""
    yield from (f'<li><a href="#folder-{name}">{name}</a></li>' for name, cards in by_tag.items() if cards)
    yield "</ul></nav>\n</header>\n"
    yield '<main id="operations">\n<div class="filter" hidden><label><span class="quiet">Filter</span>'
    yield '<input type="search" placeholder="path, summary, input ..." autocomplete="off"></label>'
    yield '<span id="found" class="quiet" role="status"></span></div>\n'
    if routes:
        yield from _section("routes", "Routes", "Addresses that a trigger opens to the outside.", routes)
    for tag in document["tags"]:
        if by_tag[tag["name"]]:
            said = tag.get("description", "")
            yield from _section(f"folder-{tag['name']}", tag["name"], said, by_tag[tag["name"]])
    yield '</main>\n<footer><p class="quiet">Made by <code>mill openapi --html</code>.</p></footer>\n'


def _before(document: Json) -> Iterator[str]:
    """What the lines need: variables of the shell."""
    yield "<details><summary>Before the first curl line: set what it names</summary>\n<table><tbody>"
    for name, said in variables(document):
        yield f'<tr><th scope="row"><code>{name}</code></th><td>{marked(said)}</td></tr>'
    yield "</tbody></table></details>\n"


def _section(anchor: str, title: str, said: str, cards: list[str]) -> Iterator[str]:
    yield f'<section id="{anchor}" aria-labelledby="{anchor}-title">\n'
    yield f'<h2 id="{anchor}-title">{escape(title)}</h2>\n'
    yield f'<p class="quiet">{marked(said)}</p>\n' if said else ""
    yield from cards
    yield "</section>\n"
