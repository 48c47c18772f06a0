"""The HTML of our own e-mails: one layout with inline styles, as mail readers want it, and three contents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from f.connect.errors import FixInput
from f.notify.messages.message import COLORS, Message, label_of, safe_link, value_of
from f.notify.messages.templating import fill_html

Summary = Mapping[str, object] | Sequence[Mapping[str, object]]

_LAYOUT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{ title }}</title></head>
<body style="margin:0;background:#f3f4f6;color:#111827;font-family:system-ui,'Segoe UI',sans-serif">
<div style="max-width:600px;margin:0 auto;padding:24px">
<div style="background:#ffffff;border-top:4px solid {{ color }};border-radius:6px;padding:24px">
<h1 style="font-size:20px;margin:0 0 16px">{{ title }}</h1>
CONTENT
</div>
{% if footer %}<p style="font-size:12px;color:#6b7280;padding:0 24px">{{ footer }}</p>{% endif %}
</div></body></html>
"""
_BUTTON = """<p style="margin:24px 0 0"><a href="{{ link }}"
style="background:#111827;color:#ffffff;padding:10px 16px;border-radius:4px;text-decoration:none">
{{- link_text -}}</a></p>
"""
_EVENT = (
    """{% for line in lines %}<p style="margin:0 0 12px;line-height:1.5">{{ line }}</p>
{% endfor %}
{% if facts %}<table style="border-collapse:collapse;width:100%;font-size:14px">
{% for label, value in facts.items() %}
<tr><td style="padding:6px 16px 6px 0;color:#6b7280;vertical-align:top;white-space:nowrap;width:1%">
{{- label -}}</td>
<td style="padding:6px 0">{{ value }}</td></tr>
{% endfor %}</table>{% endif %}
{% if link %}"""
    + _BUTTON
    + "{% endif %}"
)
_WELCOME = (
    """<p style="line-height:1.5">Hello {{ name }},</p>
<p style="line-height:1.5">welcome to {{ company }}. Your account is ready.</p>
{% if message %}<p style="line-height:1.5">{{ message }}</p>{% endif %}
{% if link %}"""
    + _BUTTON
    + "{% endif %}"
)
_REPORT = (
    """<p style="color:#6b7280;margin:0 0 16px">{{ period }}</p>
{% if rows %}<table style="border-collapse:collapse;width:100%;font-size:14px">
{% if columns %}<tr>{% for column in columns %}
<th style="text-align:left;border-bottom:2px solid #e5e7eb;padding:6px 12px 6px 0">{{ column }}</th>
{% endfor %}</tr>{% endif %}
{% for row in rows %}<tr>{% for cell in row %}
<td style="border-bottom:1px solid #e5e7eb;padding:6px 12px 6px 0">{{ cell }}</td>
{% endfor %}</tr>
{% endfor %}</table>
{% else %}<p>There is nothing to report for this period.</p>{% endif %}
{% if link %}"""
    + _BUTTON
    + "{% endif %}"
)


def event_html(message: Message) -> str:
    """Return a message as an e-mail."""
    values = {
        "title": message.title,
        "color": COLORS[message.severity],
        "lines": message.text.splitlines(),
        "facts": message.facts,
        "link": message.link,
        "link_text": "Open",
        "footer": f"Severity: {message.severity}",
    }
    return fill_html(_LAYOUT.replace("CONTENT", _EVENT), values, name="the event e-mail")


def welcome_html(name: str, company: str, login_url: str, message: str) -> str:
    """Return the e-mail a new customer gets."""
    values = {
        "title": f"Welcome to {company}",
        "color": COLORS["info"],
        "name": name or "there",
        "company": company,
        "message": message,
        "link": safe_link(login_url),
        "link_text": "Sign in",
        "footer": "",
    }
    return fill_html(_LAYOUT.replace("CONTENT", _WELCOME), values, name="the welcome e-mail")


def report_html(title: str, period: str, summary: Summary, pdf_url: str) -> str:
    """Return a report: its period, a table with a row per mapping, and the link to the whole.

    One mapping alone is a table of its figures: a row each, label and value, without a head.
    """
    columns, rows = _figures(summary) if isinstance(summary, Mapping) else _table(summary)
    values = {
        "title": title,
        "color": COLORS["info"],
        "period": period,
        "columns": columns,
        "rows": rows,
        "link": safe_link(pdf_url),
        "link_text": "Download the PDF",
        "footer": "",
    }
    return fill_html(_LAYOUT.replace("CONTENT", _REPORT), values, name="the report e-mail")


def _figures(summary: Mapping[str, object]) -> tuple[list[str], list[list[str]]]:
    return [], [[label_of(str(name)), value_of(value)] for name, value in summary.items()]


def _table(summary: Sequence[Mapping[str, object]]) -> tuple[list[str], list[list[str]]]:
    if not all(isinstance(row, Mapping) for row in summary):
        raise FixInput(
            "Each row of the summary must be an object: its fields are the columns.",
            code="bad_summary",
        )
    names = list(dict.fromkeys(str(name) for row in summary for name in row))
    return [label_of(name) for name in names], [
        [value_of(row.get(name)) for name in names] for row in summary
    ]
