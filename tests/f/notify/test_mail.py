"""An e-mail is checked before it goes, and its text is made from its HTML."""

import base64
import re
from typing import Any

import pytest

from f.connect.errors import FixInput
from f.notify.email.address_list import Address
from f.notify.email.mail import addresses_of, mail_of, text_of_html
from f.notify.email.mail_layouts import event_html, report_html, welcome_html
from f.notify.messages.message import Message, safe_link
from f.notify.messages.templating import fill_html, fill_text

GOOD: dict[str, Any] = {
    "sender": "Ops <ops@example.com>",
    "to": ["ada@example.com"],
    "subject": "Hi",
    "text": "x",
}
FILE = {"filename": "a.pdf", "content": base64.b64encode(b"%PDF").decode()}


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"to": []}, "no_recipients", "at least one address in `to`"),
        ({"to": " , "}, "no_recipients", "at least one address"),
        ({"to": ["not an address"]}, "bad_address", "An address in to is not valid"),
        ({"cc": ["a@"]}, "bad_address", "An address in cc"),
        ({"sender": ""}, "bad_address", "An address in sender"),
        ({"reply_to": "x@localhost"}, "bad_address", "An address in reply_to"),
        ({"subject": ""}, "no_subject", "no subject"),
        ({"subject": "Hi\r\nBcc: all@example.com"}, "header_injection", "subject holds a line break"),
        ({"sender": "Ops\nX: y <ops@example.com>"}, "header_injection", "sender holds a line break"),
        ({"to": ["A\u2028B <ada@example.com>"]}, "header_injection", "to holds a line break"),
        ({"categories": ["a\nb"]}, "header_injection", "category holds a line break"),
        (
            {"attachments": [{**FILE, "filename": "a\r\n.pdf"}]},
            "header_injection",
            "filename of attachment 1",
        ),
        ({"attachments": [FILE, {"filename": "b"}]}, "bad_attachment", "Attachment 2 needs a filename"),
        (
            {"attachments": [{**FILE, "content": "not base64!"}]},
            "bad_attachment",
            "attachment 1 is not base64",
        ),
        ({"attachments": [{**FILE, "content": "AAAA" * 7_000_000}]}, "too_large", "28.0 MB encoded"),
        ({"subject": "s" * 999}, "too_long", "999 characters"),
        ({"to": None}, "bad_address", "to must be a list"),
        ({"to": [None]}, "bad_address", "to is not a text"),
        ({"cc": {"a": 1}}, "bad_address", "cc must be a list"),
        ({"attachments": ["a.pdf"]}, "bad_attachment", "Attachment 1 needs a filename"),
        ({"categories": [1]}, "bad_category", "not a text"),
        ({"text": " "}, "no_text", "empty"),
        ({"categories": [str(n) for n in range(11)]}, "too_many_categories", "at most 10"),
    ],
)
def test_a_mail_that_must_not_go_is_refused_with_its_sentence(
    changes: dict[str, Any], code: str, said: str
) -> None:
    with pytest.raises(FixInput, match=said) as caught:
        mail_of(**{**GOOD, **changes})
    assert caught.value.code == code
    assert "all@example.com" not in str(caught.value)


def test_nobody_gets_it_twice_and_to_comes_first() -> None:
    mail = mail_of(
        **{**GOOD, "to": "ada@example.com; Ben <BEN@example.com>"},
        cc=["ben@example.com", "cleo@example.com"],
        bcc=["Cleo@example.com", "dan@example.com"],
    )
    assert [one.email for one in (*mail.to, *mail.cc, *mail.bcc)] == [
        "ada@example.com", "BEN@example.com", "cleo@example.com", "dan@example.com",
    ]  # fmt: skip


def test_names_with_commas_and_umlauts_survive() -> None:
    found = addresses_of('"Lovelace, Ada" <ada@example.com>, Jörg <joerg@example.com>', "to")
    assert found == [Address("ada@example.com", "Lovelace, Ada"), Address("joerg@example.com", "Jörg")]
    assert [one.formatted for one in found] == [
        '"Lovelace, Ada" <ada@example.com>',
        '"Jörg" <joerg@example.com>',
    ]


def test_an_international_domain_is_sent_as_ascii() -> None:
    assert addresses_of("ada@bücher.example.com", "to")[0].email == "ada@xn--bcher-kva.example.com"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<h1>A</h1><p>b<br>c</p>", "A\n\nb\nc"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ('<a href="https://example.com">Here</a>', "Here (https://example.com)"),
        ('<a href="https://example.com">https://example.com</a>', "https://example.com"),
        ("<style>p{}</style><script>x()</script><title>t</title>b &amp; c", "b & c"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\n\nc"),
        ("a&nbsp; b", "a b"),
        ("unclosed <b>tag", "unclosed tag"),
    ],
)
def test_text_is_made_from_html(html: str, text: str) -> None:
    assert text_of_html(html) == text


def test_missing_text_is_made_and_given_text_is_kept() -> None:
    assert mail_of(**{**GOOD, "text": ""}, html="<p>hello</p>").text == "hello"
    assert mail_of(**GOOD, html="<p>hello</p>").text == "x"


EVIL = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    "html",
    [
        event_html(Message(EVIL, EVIL, "error", {EVIL: EVIL})),
        welcome_html(EVIL, EVIL, "https://example.com/?a=1&b=%22", EVIL),
        report_html(EVIL, EVIL, [{EVIL: EVIL}], "https://example.com/a.pdf"),
        fill_html("<p>{{ x }}</p>", {"x": EVIL}, name="html"),
    ],
)
def test_values_in_html_are_escaped(html: str) -> None:
    assert "<script>" not in html
    assert "script" in html


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "//example.com", "https://", "http://["]
)
def test_a_link_that_is_no_web_address_is_refused(link: str) -> None:
    with pytest.raises(FixInput, match="must begin with https://"):
        safe_link(link)


@pytest.mark.parametrize(
    ("template", "code", "said"),
    [
        ("Hi {{ nobody }}", "missing_field", "lacks a value: 'nobody' is undefined"),
        ("Hi {{ user.nothing }}", "missing_field", "has no attribute 'nothing'"),
        ("Hi {{", "bad_template", "broken at line 1"),
        ("{{ user.__class__.__mro__ }}", "bad_template", "cannot be filled: SecurityError"),
        ("{{ 1 / 0 }}", "bad_template", "cannot be filled: ZeroDivisionError"),
        ("{{ range(100000000) | list }}", "bad_template", "cannot be filled: OverflowError"),
    ],
)
def test_a_template_that_cannot_be_filled_says_why(template: str, code: str, said: str) -> None:
    with pytest.raises(FixInput, match=said) as caught:
        fill_text(template, {"user": {}}, name="the subject")
    assert caught.value.code == code
    assert caught.value.__suppress_context__, "jinja's own errors quote the template"


def test_a_report_of_figures_has_a_row_for_each_of_them() -> None:
    figures = {"total": 120, "successful": 117, "failed": 3, "duration": "4 min", "<b>": True}
    html = report_html("Imports", "May", figures, "")
    for label, value in (("Total", "120"), ("Successful", "117"), ("Failed", "3"), ("Duration", "4 min")):
        assert re.search(rf">{label}</td>\s*<td[^>]*>{value}</td>", html)
    assert "<th" not in html
    assert "nothing to report" in report_html("Imports", "May", {}, "")


def test_a_summary_of_what_are_no_rows_is_refused() -> None:
    with pytest.raises(FixInput, match="Each row of the summary must be an object"):
        report_html("Imports", "May", [1, 2], "")  # type: ignore[list-item]  # as a form may hand it over
