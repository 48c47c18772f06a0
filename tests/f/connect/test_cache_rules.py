"""Which replies may be kept and for how long, as RFC 9111 has it for a private cache."""

from __future__ import annotations

import math

import pytest
from multidict import CIMultiDict
from requests.structures import CaseInsensitiveDict

from f.connect.cache import rules

DATE = "Tue, 14 Nov 2023 22:13:20 GMT"  # 1_700_000_000
LATER = "Tue, 14 Nov 2023 22:14:20 GMT"
NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"cache-control": "max-age=60"}, 60),
        ({"cache-control": 'private, Max-Age="60"'}, 60),
        ({"cache-control": "max-age=60, no-cache"}, 0),
        ({"cache-control": 'no-cache="set-cookie", max-age=60'}, 0),
        ({"cache-control": "s-maxage=60"}, 0),  # for caches that many share
        ({"cache-control": "max-age=60, max-age=60"}, 60),
        ({"cache-control": "max-age=60, max-age=90"}, 0),
        ({"cache-control": "max-age=-1"}, 0),
        ({"cache-control": "max-age=soon"}, 0),
        ({"cache-control": "max-age=99999999999999999999"}, math.inf),
        ({"cache-control": "max-age=5", "expires": LATER, "date": DATE}, 5),
        ({"expires": LATER, "date": DATE}, 60),
        ({"expires": LATER}, 60),  # against the time at which it came
        ({"expires": DATE, "date": LATER}, 0),
        ({"expires": "0"}, 0),
        ({"cache-control": 'x="max-age=60"'}, 0),
    ],
)
def test_a_reply_is_fresh_for_as_long_as_the_service_says(headers: dict[str, str], seconds: float) -> None:
    assert rules.lifetime(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "delay", "age"),
    [
        ({}, 0.5, 0.5),
        ({"age": "30"}, 0.5, 30.5),
        ({"date": DATE}, 0.0, 40.0),
        ({"date": DATE, "age": "10"}, 1.0, 40.0),
        ({"date": DATE, "age": "90"}, 1.0, 91.0),
        ({"date": LATER, "age": "nonsense"}, 0.0, 0.0),  # a clock ahead of ours
    ],
)
def test_a_reply_is_as_old_as_it_was_on_its_way(headers: dict[str, str], delay: float, age: float) -> None:
    assert rules.initial_age(headers, NOW + 40, delay) == age


@pytest.mark.parametrize(
    ("status", "headers", "kept"),
    [
        (200, {"cache-control": "max-age=60"}, True),
        (200, {"etag": '"1"'}, True),
        (200, {"last-modified": DATE}, True),
        (200, {}, False),  # no lifetime is guessed
        (200, {"cache-control": "no-store, max-age=60"}, False),
        (200, {"cache-control": "private, max-age=60"}, True),
        (200, {"cache-control": "no-cache"}, False),
        (200, {"cache-control": "no-cache", "etag": '"1"'}, True),
        (200, {"cache-control": "max-age=60", "vary": "Accept-Language, Origin"}, True),
        (200, {"cache-control": "max-age=60", "vary": "Accept, *"}, False),
        (200, {"cache-control": "max-age=60", "vary": "X-Request-Id"}, False),
        (206, {"cache-control": "max-age=60"}, False),
        (404, {"cache-control": "max-age=60"}, False),
        (500, {"cache-control": "max-age=60"}, False),
    ],
)
def test_a_reply_is_kept_only_where_the_service_allows_it(
    status: int, headers: dict[str, str], kept: bool
) -> None:
    assert rules.may_keep(status, headers) is kept


@pytest.mark.parametrize(
    ("age", "wishes", "fresh"),
    [
        (59.9, "", True),
        (60.0, "", False),
        (1.0, "no-cache", False),
        (1.0, "max-age=0", False),
        (10.0, "max-age=20", True),
        (30.0, "max-age=20", False),
        (50.0, "min-fresh=20", False),
        (30.0, "min-fresh=20", True),
        (90.0, "max-stale=100", False),  # nothing stale is given out, whoever would take it
    ],
)
def test_a_request_may_ask_for_a_newer_reply(age: float, wishes: str, fresh: bool) -> None:
    assert rules.is_fresh(age, 60.0, rules.directives(wishes)) is fresh


@pytest.mark.parametrize(
    ("kept", "said", "same"),
    [
        ({"etag": '"1"'}, {"etag": '"1"'}, True),
        ({"etag": 'W/"1"'}, {"etag": '"1"'}, True),
        ({"etag": '"1"'}, {"etag": '"2"'}, False),
        ({"etag": '"1"'}, {}, True),
        ({"last-modified": DATE}, {"last-modified": LATER}, False),
    ],
)
def test_a_304_about_another_reply_is_told_apart(
    kept: dict[str, str], said: dict[str, str], same: bool
) -> None:
    assert rules.is_about(kept, said) is same


def test_a_304_renews_headers_but_not_those_of_the_bytes_that_came() -> None:
    kept = {"etag": '"1"', "content-length": "10", "content-type": "text/csv", "age": "9", "x-a": "old"}
    said = {"content-length": "0", "content-type": "text/plain", "x-a": "new", "cache-control": "max-age=9"}
    assert rules.renewed(kept, said) == {
        "etag": '"1"',
        "content-length": "10",
        "content-type": "text/csv",
        "x-a": "new",
        "cache-control": "max-age=9",
    }


def test_a_header_that_came_twice_is_one_list() -> None:
    several = CIMultiDict([("Cache-Control", "max-age=60"), ("cache-control", "no-store")])
    assert rules.plain_headers(several) == {"cache-control": "max-age=60, no-store"}
    assert rules.plain_headers(CaseInsensitiveDict({"ETag": "1"})) == {"etag": "1"}
