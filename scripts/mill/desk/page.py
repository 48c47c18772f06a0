"""The HTML around the page's program, and the pages that say why there is none. Pure."""

from __future__ import annotations

import html

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><title>{title}</title>"""
_PAGE = """{head}
<link rel="stylesheet" href="/desk/app.css?{digest}">
<script src="/desk/app.js?{digest}" defer></script></head>
<body><div id="root"></div><noscript>The import desk needs JavaScript.</noscript></body></html>
"""
_SENTENCE = """{head}
</head><body><main><h1>{title}</h1>{text}</main></body></html>
"""


def write_page(title: str, digest: str) -> str:
    """Return the page. Nothing in it is secret: whoever has no session gets no answer to what it asks."""
    return _PAGE.format(head=_HEAD.format(title=html.escape(title)), digest=digest)


def write_sentence(title: str, text: str) -> str:
    """Return a page that says why the desk cannot be shown, and what to do."""
    title, tag = html.escape(title), "pre" if "\n" in text else "p"
    text = f"<{tag}>{html.escape(text)}</{tag}>"
    return _SENTENCE.format(head=_HEAD.format(title=title), title=title, text=text)
