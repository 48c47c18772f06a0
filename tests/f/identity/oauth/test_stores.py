"""The same in each kind of store: what is kept of a sign-in, from its begin to its end."""

from __future__ import annotations

from typing import Any

import pytest

from f.connect.errors import FixInput, SignInAgain
from f.identity.oauth.app import app_of
from f.identity.oauth.device import finish_device, start_device
from f.identity.oauth.pending import Pending
from f.identity.oauth.sign_ins import begin, finish, resume, revoke, shared_token
from f.store.store import Store
from tests.f.identity.oauth.conftest import consent, stored_texts
from tests.mill.twins.stage import TwinClient


def test_a_sign_in_in_each_store(github: Any, twin: TwinClient, any_store: Store) -> None:
    app, store = app_of(github), any_store
    begun = begin(app, store, account="ada")
    linked = resume(app, store, begun.state)  # the browser that opens the link
    answer = consent(linked.url)
    with pytest.raises(FixInput, match="another browser"):
        finish(app, store, browser_key=begun.browser_key, answer=answer)
    assert finish(app, store, browser_key=linked.browser_key, answer=answer).account == "ada"
    with pytest.raises(FixInput, match="is not known"):
        finish(app, store, browser_key=linked.browser_key, answer=answer)
    shared = shared_token(app, "ada", store)
    first = shared.get()
    assert shared.get(first.access_token).access_token != first.access_token
    twin.put_settings(refuses_refresh=True)
    for _ in range(2):
        with pytest.raises(SignInAgain, match="good for one use"):
            shared.get(early=10**6)
    assert shared.row.read().refused
    assert "good for one use" not in stored_texts(store)
    assert revoke(app, "ada", store) in {"revoked", "forgotten"}
    with pytest.raises(SignInAgain, match="Nobody has signed in"):
        shared.get()


def test_a_device_in_each_store(google: Any, any_store: Store) -> None:
    app = app_of(google)
    code = start_device(app, any_store, "ada")
    assert finish_device(app, any_store, code.device_key, 10) is not None
    assert shared_token(app, "ada", any_store).get().access_token


def test_a_sign_in_that_was_forgotten_cannot_be_resumed(google: Any, any_store: Store) -> None:
    app = app_of(google)
    begun = begin(app, any_store, account="ada")
    assert Pending(app, any_store, "code").read(begun.state)["account"] == "ada"
    any_store.execute("UPDATE identity_pending SET expires_at = 1")
    with pytest.raises(FixInput, match="is not known"):
        resume(app, any_store, begun.state)
