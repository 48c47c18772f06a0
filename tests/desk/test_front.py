"""A page at `mill serve` in a real browser: its policy, its session, its way to the server."""

from __future__ import annotations

import pytest

from tests.desk.visiting import Site, Visit


@pytest.fixture(scope="module")
def greeting(tiny: Site) -> Visit:
    """A visit on which everything that the page offers is tried."""
    return tiny.visit("tiny", at="Kim")


def test_a_page_shows_what_its_runnables_answer_as_text_and_asks_no_other_host(
    tiny: Site, greeting: Visit
) -> None:
    seen = greeting.seen
    assert (seen["address"], seen["title"]) == (f"{tiny.url}/desk#Kim", "A <tiny> desk")
    assert (seen["text"], seen["tags"]) == ("Hello <b>Kim</b>", 0)
    assert seen["color"] == "rgb(0, 90, 0)"
    assert (seen["script"], seen["cookie"]) == (
        "",
        {"httpOnly": True, "sameSite": "Strict", "path": "/desk"},
    )
    assert seen["axe"] == []
    assert greeting.strangers == []
    # Two calls were refused on purpose; a breach of the page's own policy would be a complaint, too.
    assert [text.partition(" with a status of ")[2] for text in greeting.complaints] == [
        "404 (Not Found)",
        "400 (Bad Request)",
    ]


def test_the_module_that_stands_in_for_windmills_keeps_its_meaning(greeting: Visit) -> None:
    wmill = greeting.seen["wmill"]
    hello = {"text": "Hello <b>Kim</b>"}
    assert wmill["waited"] == wmill["streamed"] == wmill["job"]["result"] == hello
    assert (wmill["job"]["type"], wmill["job"]["success"]) == ("CompletedJob", True)
    # A stack has the lines of the code and not the sentence: that is in the job.
    assert wmill["failed"].startswith("Error:   File ")
    assert wmill["failure"]["error"]["name"] == "ValueError"
    assert wmill["failure"]["error"]["message"] == "There is nobody to greet."
    assert wmill["unknown"] == "NotOffered: The import desk runs nothing of the name other."
    assert wmill["secret"].startswith("NotAllowed: A text begins with $var: or $res:")


def test_without_a_session_or_a_server_the_page_has_a_sentence(tiny: Site) -> None:
    seen = tiny.visit("outside", enter=False).seen
    assert seen["address"] == f"{tiny.url}/desk"
    assert seen["text"].startswith(
        "Unauthorized: Your session has ended. Open the desk again with `mill desk`"
    )
    assert seen["lost"].startswith("ConnectionLost: No answer from the server")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_the_desk_opens(desk: Site, scheme: str, width: int) -> None:
    visit = desk.visit("front", scheme=scheme, width=width)
    assert visit.seen["title"].startswith("Import desk")
    assert visit.seen["wide"] <= width
    assert visit.seen["axe"] == []
    assert visit.strangers == []
    assert [text for text in visit.complaints if "Content Security Policy" in text] == []
