"""Where a browser may be sent: tables of what is a path of this site, and what only looks like one."""

from __future__ import annotations

import pytest

from f.connect.errors import FixInput
from f.identity.oauth.return_paths import checked_return, is_local_path

PATHS = (
    *(
        "/",
        "/apps/orders",
        "/apps/orders?id=7&x=a%20b#top",
        "/a/b-c_d.e~f",
        "/?next=https://other.example.com",
    ),
    *("/u/@ada", "/%C3%A9t%C3%A9", "/a:b", "/my%20app", "/.well-known/x", "/a..b/c.", "/a?b=//c"),
)
NO_PATHS = (
    *("", "apps", "https://evil.example.com", "http:/evil", "//evil.example.com", "///evil.example.com"),
    *("/\\evil.example.com", "\\/evil.example.com", "\\\\evil.example.com", "/%5Cevil", "/%5cevil"),
    *(
        "/%2Fevil.example.com",
        "/%2f%2fevil.example.com",
        "/%252Fevil.example.com",
        "/%25252Fevil.example.com",
    ),
    *("/\tevil", "/\n/evil", "/\r\nSet-Cookie: a=b", "/%0d%0aSet-Cookie:a=b", "/%09/evil", "/a\x00b", "/%00"),
    *(" /apps", "/apps ", "/a b", "/é", "/\u2028", "/\ud800", "/\uff0e\uff0e/x"),
    *("/..//evil", "/a/../..//evil", "/.//evil", "/%2e%2e/evil", "/./evil", "/a//b", "/a/.."),
    *("javascript:alert(1)", "data:text/html,x", "/%", "/%zz", "/<script>", '/"', "/{x}", "/|", "/^"),
    *("/@evil.example.com:80\\", "/" + "a" * 1000, "/%25252525252F"),
)


@pytest.mark.parametrize("path", PATHS)
def test_a_path_of_this_site_is_one(path: str) -> None:
    assert is_local_path(path)
    assert checked_return(path, ()) == path


@pytest.mark.parametrize("text", NO_PATHS, ids=[f"{at}" for at in range(len(NO_PATHS))])
def test_what_leads_elsewhere_or_might_is_refused(text: str) -> None:
    assert not is_local_path(text)
    for allowed in ((), ("/",), ("/apps/",)):
        if text:
            with pytest.raises(FixInput, match="return_to must be a path") as caught:
                checked_return(text, allowed)
            assert "evil" not in str(caught.value)


@pytest.mark.parametrize(
    ("return_to", "allowed", "by_visitor", "passes"),
    [
        ("", (), True, True),
        ("/apps/orders", (), False, True),
        ("/apps/orders", (), True, False),
        ("/apps/orders", ("/apps/",), True, True),
        ("/apps/orders?id=7", ("/apps/orders",), True, True),
        ("/apps/orders/7", ("/apps/orders",), True, False),
        ("/apps", ("/apps/",), True, False),
        ("/appsevil", ("/apps",), True, False),
        ("/other", ("/apps/",), False, False),
        ("https://shop.example.com/back", ("https://shop.example.com/back",), True, True),
        ("https://shop.example.com/back/x", ("https://shop.example.com/back",), True, False),
        ("https://shop.example.com.evil.example.com", ("https://shop.example.com",), True, False),
        ("/apps/orders", ("https://shop.example.com/back",), False, True),
        ("/K7s0me+base64+secret==", (), True, False),
    ],
)
def test_an_allow_list_allows_what_it_names(
    return_to: str, allowed: tuple[str, ...], by_visitor: bool, passes: bool
) -> None:
    if passes:
        assert checked_return(return_to, allowed, by_visitor=by_visitor) == return_to
    else:
        with pytest.raises(FixInput):
            checked_return(return_to, allowed, by_visitor=by_visitor)
