"""A round trip in a real browser: our start route, the pages of oidc-provider, our callback route."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import foreign
from tests.f.identity.oauth.conftest import SEAL_KEY, environ_of, make_workspace

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Site:
    """`mill serve` with an app at oidc-provider, and what a person's browser sees there."""

    url: str
    folder: Path
    home: Path
    resource: Any

    def visit(self, address: str, login: str = "", again: str = "") -> dict[str, Any]:
        """Open an address, sign in as `login` and consent; `again`: then open that one, or the `same`."""
        command = foreign.node(HERE / "browser.mjs", "playwright-core")
        environ = {"BROWSER": foreign.browser(), "ADDRESS": address, "LOGIN": login, "AGAIN": again}
        done = subprocess.run(
            command, env={**os.environ, **environ}, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def run(self, script: str, **arguments: Any) -> Any:
        """Run a script as a job that shares the routes' store."""
        arguments = {"app": "$res:f/identity/provider", **arguments}
        command = [sys.executable, "-m", "mill", "script", "run", script, "-d", json.dumps(arguments)]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @property
    def environ(self) -> dict[str, str]:
        return environ_of(self.home)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    foreign.browser()
    folder, home = tmp_path_factory.mktemp("workspace"), tmp_path_factory.mktemp("home")
    port, provider_port = foreign.free_port(), foreign.free_port()
    provider, url = f"http://127.0.0.1:{provider_port}", f"http://127.0.0.1:{port}"
    resource: Any = {
        "provider": "custom",
        "client_id": "app",
        "client_secret": "secret-of-the-app",
        "redirect_uri": f"{url}/api/r/local/oauth/provider/callback",
        "seal_key": SEAL_KEY,
        "scopes": ["openid", "email", "profile", "offline_access"],
        "authorize_url": f"{provider}/auth?prompt=consent",
        "token_url": f"{provider}/token",
        "userinfo_url": f"{provider}/me",
        "revoke_url": f"{provider}/token/revocation",
        "issuer": provider,
        "return_paths": ["/there", "/apps/"],
    }
    make_workspace(folder, {"provider": ("oauth_app", resource)})
    server = foreign.node(HERE / "oidc_provider.mjs", "oidc-provider")
    environ = {"PORT": str(provider_port), "REDIRECT_URIS": resource["redirect_uri"]}
    serve = [sys.executable, "-m", "mill", "serve", "--port", str(port)]
    with (
        foreign.running(server, provider_port, environ=environ),
        foreign.running(["env", "-C", str(folder), *serve], port, environ=environ_of(home)),
    ):
        yield Site(url, folder, home, resource)


def test_a_link_of_the_script_signs_in_the_browser_that_opens_it(site: Site) -> None:
    begun = site.run("f/identity/start_sign_in", account="ada")
    seen = site.visit(begun["link"], "ada", again="same")
    assert seen["asked"].startswith(site.resource["issuer"])
    (cookie,) = seen["cookies"]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert cookie["path"] == "/api/r/local/oauth/provider"
    assert seen["url"].startswith(site.resource["redirect_uri"])
    assert "You are signed in" in seen["text"]
    assert seen["left"] == []
    assert "finished already" in seen["again"]  # the same address a second time
    assert site.run("f/identity/get_user_info", account="ada")["email"] == "ada@example.com"
    assert site.run("f/identity/refresh_token", account="ada")["status"] == "refreshed"
    assert site.run("f/identity/revoke_sign_in", account="ada")["status"] == "revoked"


def test_a_visitor_signs_in_under_his_own_id_and_goes_where_he_wanted_to_go(site: Site) -> None:
    start = f"{site.url}/api/r/local/oauth/provider/start"
    seen = site.visit(f"{start}?return_to=/there", "grace")
    assert seen["url"] == f"{site.url}/there"
    assert site.run("f/identity/get_user_info", account="visitor:grace")["id"] == "grace"


def test_a_person_who_was_lured_into_a_sign_in_of_somebody_else_is_not_signed_in(site: Site) -> None:
    """The address of the provider, without our start: this browser has no key."""
    begun = site.run("f/identity/start_sign_in", account="eve")
    seen = site.visit(begun["url"], "victim")
    assert "begun in another browser" in seen["text"]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mill", "script", "run", "f/identity/get_access_token", "-d"),
            json.dumps({"app": "$res:f/identity/provider", "account": "eve"}),
        ],
        cwd=site.folder, env=site.environ, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Nobody has signed in" in done.stderr


@pytest.mark.parametrize(
    "return_to", ["//evil.example.com", "https://evil.example.com", "/%5Cevil.example.com", "/a%0d%0ab"]
)
def test_an_open_redirect_is_a_page_and_not_a_redirect(site: Site, return_to: str) -> None:
    seen = site.visit(f"{site.url}/api/r/local/oauth/provider/start?return_to={return_to}")
    assert seen["url"].startswith(site.url)
    assert "return_to must be a path of this site" in seen["text"]
    assert "evil" not in seen["text"]
