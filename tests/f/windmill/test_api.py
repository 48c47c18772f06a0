"""One request to Windmill without its client: an answer whatever its status, or TryLater."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from f.connect.errors import FixSettings, TryLater
from f.windmill.api import get, get_range, post
from f.windmill.posted import as_sent
from tests.loopback import Asked, Loopback, Reply, serve

EVENT = {"kind": "http", "body": {"a": "$var:f/a/b"}}
REPLIES = {
    "/api/w/w1/jobs_u/get_args/j1": Reply(200, {"event": EVENT}),
    "/api/w/w1/jobs_u/get_args/j2": Reply(200, {"other": 1}),
    "/api/w/w1/jobs_u/get_args/j3": Reply(200, b"<html>"),
    "/api/w/w1/moved": Reply(302, b"", {"Location": "/api/w/w1/there"}),
    "/api/w/w1/there": Reply(200, {}),
    "/api/w/w1/p/f/a/gr%C3%B6%C3%9Fe?b=1&c=%20": Reply(200, {"letters": "any"}),
    "/api/w/w1/broken": Reply(500, b"no"),
    "/api/w/w1/dropped": Reply(drop=True),
}


@pytest.fixture
def windmill(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    def answer(asked: Asked) -> Reply:
        return REPLIES.get(asked.path, Reply(404, b"none"))

    with serve(answer) as server:
        for name, value in {"BASE_INTERNAL_URL": server.url, "WM_WORKSPACE": "w1", "WM_TOKEN": "t1"}.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.mark.parametrize(
    ("call", "status", "value"),
    [
        ("there", 200, {}),
        ("p/f/a/größe?b=1&c=%20", 200, {"letters": "any"}),
        ("none", 404, None),
        ("broken", 500, None),
        ("moved", 302, None),
    ],
)
def test_an_answer_is_one_whatever_its_status(
    windmill: Loopback, call: str, status: int, value: object
) -> None:
    answer = get(call)
    assert (answer.status, answer.is_success, answer.json()) == (status, status == 200, value)
    (asked,) = windmill.asked  # a redirect is not followed: the token would go with it
    assert asked.headers["Authorization"] == "Bearer t1"


def test_fields_are_sent_as_json(windmill: Loopback) -> None:
    post("there", {"a": "\N{SNOWMAN}"}, seconds=2)
    (asked,) = windmill.asked
    assert (asked.method, asked.json, asked.headers["Content-Type"]) == (
        "POST",
        {"a": "\N{SNOWMAN}"},
        "application/json",
    )


def test_json_is_sent_as_short_as_it_can_be(windmill: Loopback) -> None:
    post("there", {"a": ["\N{SNOWMAN}", 1]})
    post("there", {"a": "\ud800"})
    bodies = [asked.body for asked in windmill.asked]
    assert bodies == [
        '{"a":["\N{SNOWMAN}",1]}'.encode(),
        b'{"a": "\\ud800"}',
    ]


def test_no_answer_is_to_be_tried_later(windmill: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TryLater, match=r"Windmill did not answer dropped \(RemoteDisconnected\)"):
        get("dropped")
    for wrong in ("http://127.0.0.1:1", "http://[", "ftp//x", "http://a b"):
        monkeypatch.setenv("BASE_INTERNAL_URL", wrong)
        with pytest.raises(TryLater):
            get("there")
    monkeypatch.delenv("BASE_INTERNAL_URL")
    with pytest.raises(FixSettings, match="needs Windmill"):
        get("there")
    assert len(windmill.asked) == 1


def test_a_job_reads_what_was_sent_before_windmill_looked_anything_up(
    windmill: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WM_JOB_ID", "j1")
    assert as_sent() == EVENT
    for job, why in (("j2", "it has no event"), ("j3", "it has no event"), ("j4", "status 404")):
        monkeypatch.setenv("WM_JOB_ID", job)
        with pytest.raises(TryLater, match=f"{why}.*send it again"):
            as_sent()
    assert len(windmill.asked) == 4


@pytest.mark.parametrize("knows_ranges", [True, False], ids=["ranges", "none"])
@pytest.mark.parametrize(
    ("start", "length", "piece"),
    [(0, 4, b"0123"), (3, 4, b"3456"), (8, 4, b"89"), (10, 4, b""), (50, 4, b"")],
    ids=["first", "middle", "last", "end", "past it"],
)
def test_a_piece_of_an_answer_is_the_same_whether_or_not_the_server_knows_ranges(
    monkeypatch: pytest.MonkeyPatch, knows_ranges: bool, start: int, length: int, piece: bytes
) -> None:
    whole = b"0123456789"

    def answer(asked: Asked) -> Reply:
        if not knows_ranges:
            return Reply(200, whole)
        first, last = asked.headers["Range"].removeprefix("bytes=").split("-")
        part = whole[int(first) : int(last) + 1]
        return Reply(206, part) if part else Reply(416, b"no such range")

    with serve(answer) as server:
        for name, value in {"BASE_INTERNAL_URL": server.url, "WM_WORKSPACE": "w1", "WM_TOKEN": "t1"}.items():
            monkeypatch.setenv(name, value)
        assert get_range("file", start, length) == piece
