"""Against oidc-provider, which rotates refresh tokens and ends the whole consent when one comes twice."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit
from urllib.request import urlopen

import pytest
import requests

from f.connect.errors import FixInput, FixSettings, SignInAgain
from f.identity import (
    finish_device_sign_in,
    finish_sign_in,
    get_access_token,
    get_user_info,
    refresh_token,
    revoke_sign_in,
    start_device_sign_in,
    start_sign_in,
)
from f.identity.oauth.app import app_of
from f.identity.oauth.pending import Pending
from f.identity.oauth.sign_ins import ask, shared_token
from f.store.store import Store
from tests import foreign
from tests.f.identity.oauth.conftest import CALLBACK, SEAL_KEY, finished

HERE = Path(__file__).parent
ROOT = HERE.parents[3]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    port = foreign.free_port()
    command = foreign.node(HERE / "oidc_provider.mjs", "oidc-provider")
    environ = {"PORT": str(port), "REDIRECT_URIS": CALLBACK}
    with foreign.running(command, port, environ=environ):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def resource(url: str) -> Any:
    return {
        "provider": "custom",
        "client_id": "app",
        "client_secret": "secret-of-the-app",
        "redirect_uri": CALLBACK,
        "seal_key": SEAL_KEY,
        "scopes": ["openid", "email", "profile", "offline_access"],
        "authorize_url": f"{url}/auth?prompt=consent",
        "token_url": f"{url}/token",
        "revoke_url": f"{url}/token/revocation",
        "userinfo_url": f"{url}/me",
        "device_url": f"{url}/device/auth",
        "issuer": url,
    }


def fill_forms(session: requests.Session, address: str, login: str, until: str) -> str:
    """Sign in and consent on the provider's pages, until it leads to an address that starts with `until`."""
    for _ in range(12):
        reply = session.get(address, allow_redirects=False, timeout=20)
        while reply.status_code == 200 and (form := re.search(r'<form[^>]* action="([^"]+)"', reply.text)):
            fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', reply.text))
            if 'name="login"' in reply.text:
                fields |= {"login": login, "password": "any"}
            reply = session.post(urljoin(reply.url, form[1]), data=fields, allow_redirects=False, timeout=20)
        if reply.status_code == 200:
            return reply.text
        address = urljoin(reply.url, reply.headers["Location"])
        if address.startswith(until):
            return address
    raise AssertionError(address)


def consent(address: str, login: str = "ada") -> dict[str, str]:
    with requests.Session() as session:
        return dict(parse_qsl(urlsplit(fill_forms(session, address, login, CALLBACK)).query))


def signed_in(resource: Any, account: str = "ada") -> Any:
    begun = start_sign_in.main(resource, account)
    return finish_sign_in.main(
        resource, browser_key=begun["browser_key"], **finished(consent(begun["url"], account))
    )


def counts(url: str) -> dict[str, int]:
    with urlopen(f"{url}/counts") as reply:
        found: dict[str, int] = json.load(reply)
        return found


def test_a_sign_in_from_its_begin_to_its_end(resource: Any) -> None:
    done = signed_in(resource)
    assert (done["status"], done["refreshable"], done["missing_scopes"]) == ("signed_in", True, [])
    assert get_user_info.main(resource, "ada") == {
        "provider": "custom",
        "account": "ada",
        "id": "ada",
        "login": "ada@example.com",
        "name": "Name of ada",
        "email": "ada@example.com",
    }
    for _ in range(3):
        assert refresh_token.main(resource, "ada")["status"] == "refreshed"
    token = get_access_token.main(resource, "ada", hand_on="result")["access_token"]
    assert revoke_sign_in.main(resource, "ada")["status"] == "revoked"
    reply = requests.get(resource["userinfo_url"], headers={"Authorization": f"Bearer {token}"}, timeout=20)
    assert reply.status_code == 401  # the access token is dead, too


def test_the_issuer_has_to_be_in_the_answer_and_the_right_one(resource: Any) -> None:
    for change in ({"iss": ""}, {"iss": "http://127.0.0.1:1"}):
        begun = start_sign_in.main(resource)
        answer = {**finished(consent(begun["url"])), **change}
        with pytest.raises(FixInput, match="iss is missing or names another server"):
            finish_sign_in.main(resource, browser_key=begun["browser_key"], **answer)


def test_a_code_that_comes_twice_ends_what_it_gave(resource: Any, store: Store) -> None:
    """So the exchange is sent once, whatever happens to its answer."""
    app = app_of(resource)
    begun = start_sign_in.main(resource)
    form = {
        "grant_type": "authorization_code",
        "code_verifier": Pending(app, store, "code").read(begun["state"])["verifier"],
        "redirect_uri": CALLBACK,
    }
    answer = consent(begun["url"])
    finish_sign_in.main(resource, browser_key=begun["browser_key"], **finished(answer))
    with pytest.raises(SignInAgain, match="the code was used before"):
        ask(app, {**form, "code": answer["code"]})
    with pytest.raises(SignInAgain, match="takes the refresh token no longer"):
        refresh_token.main(resource)


def test_refused_settings_are_named(resource: Any) -> None:
    begun = start_sign_in.main(resource)
    answer = finished(consent(begun["url"]))
    another: Any = {**resource, "client_secret": "another-secret"}
    with pytest.raises(FixSettings, match="client_id or client_secret"):
        finish_sign_in.main(another, browser_key=begun["browser_key"], **answer)


def test_the_app_itself_gets_a_token_once_for_all(resource: Any) -> None:
    app_itself: Any = {**resource, "scopes": ["email"]}
    tokens = {
        get_access_token.main(app_itself, grant="client_credentials", hand_on="result")["access_token"]
        for _ in range(3)
    }
    assert len(tokens) == 1


def test_a_sign_in_on_another_device(resource: Any) -> None:
    code = start_device_sign_in.main(resource, "eve")
    assert finish_device_sign_in.main(resource, code["device_key"], wait_seconds=0)["status"] == "waiting"
    with requests.Session() as session:
        page = fill_forms(session, code["url_with_code"], "eve", "no such address")
    assert "Sign-in Success" in page
    done = finish_device_sign_in.main(resource, code["device_key"], wait_seconds=30)
    assert done["status"] == "signed_in"
    assert get_user_info.main(resource, "eve")["id"] == "eve"
    with pytest.raises(FixInput, match="is not known"):
        finish_device_sign_in.main(resource, code["device_key"], wait_seconds=0)


CHILD = """
import json, sys
from f.identity.oauth.app import app_of
from f.identity.oauth.sign_ins import ask, shared_token
from f.connect.errors import ConnectError
from f.store.stores import sqlite_store
path, resource, stale, refresh_token = json.loads(sys.argv[1])
app = app_of(resource)
with sqlite_store(path) as store:
    shared = shared_token(app, "ada", store)
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        if refresh_token:  # what a job without a lease does
            form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
            print(ask(app, form, about="refresh_token")["access_token"])
        else:
            print(shared.get(stale).access_token)
    except ConnectError as error:
        print(type(error).__name__)
"""


def at_once(count: int, arguments: Sequence[Any]) -> list[str]:
    """What so many processes print that do the same at the same time."""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, json.dumps(arguments)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    return [child.communicate(timeout=60)[0].strip() for child in children]


def test_eight_processes_use_each_refresh_token_once_and_the_consent_survives(
    url: str, resource: Any, store: Store, tmp_path: Path
) -> None:
    signed_in(resource)
    shared, path = shared_token(app_of(resource), "ada", store), tmp_path / ".millwright" / "identity.sqlite"
    before = counts(url)
    for _ in range(3):
        stale = shared.row.read().access_token
        printed = at_once(8, [str(path), resource, stale, ""])
        assert set(printed) == {shared.row.read().access_token}
        assert stale not in printed
    after = counts(url)
    assert after["refreshed"] - before["refreshed"] == 3
    assert (after["refused"], after["revoked"]) == (before["refused"], before["revoked"])
    assert refresh_token.main(resource, "ada")["status"] == "refreshed"


def test_without_the_lease_the_same_kills_the_consent(
    url: str, resource: Any, store: Store, tmp_path: Path
) -> None:
    """The control: the provider does what the test above would not survive."""
    signed_in(resource)
    token = shared_token(app_of(resource), "ada", store).row.read()
    before = counts(url)
    printed = at_once(8, [str(tmp_path / "other.sqlite"), resource, "", token.refresh_token])
    assert "SignInAgain" in printed
    assert counts(url)["revoked"] > before["revoked"]
    with pytest.raises(SignInAgain, match="takes the refresh token no longer"):
        refresh_token.main(resource, "ada")
