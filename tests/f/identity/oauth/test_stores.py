"""The same in each kind of store: what is kept of a sign-in, from its begin to its end."""

from __future__ import annotations

from typing import Any

import pytest

from f.connect.errors import ConnectError, FixInput, SignInAgain
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
    linked = resume(app, store, begun.state, begun.browser_key)  # the browser that opens the link
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


def test_who_opens_a_link_cannot_be_made_to_finish_the_sign_in_of_who_sent_it(
    google: Any, any_store: Store
) -> None:
    """Else somebody consents himself, and has another person's browser bring his code."""
    app = app_of(google)
    sent = begin(app, any_store, account="ada")
    of_the_sender = consent(sent.url)
    opened = resume(app, any_store, sent.state, sent.browser_key)
    for state in (sent.state, opened.state):
        answer = {**of_the_sender, "state": state}
        with pytest.raises(ConnectError):
            finish(app, any_store, browser_key=opened.browser_key, answer=answer)


def test_a_link_may_be_opened_twice_and_signs_in_once(google: Any, any_store: Store) -> None:
    app = app_of(google)
    begun = begin(app, any_store, account="ada")
    opened = [resume(app, any_store, begun.state, begun.browser_key) for _ in range(2)]  # as a chat's preview
    answers = [consent(one.url) for one in opened]
    assert finish(app, any_store, browser_key=opened[1].browser_key, answer=answers[1]).account == "ada"
    with pytest.raises(FixInput, match="finished already"):
        finish(app, any_store, browser_key=opened[0].browser_key, answer=answers[0])
    with pytest.raises(FixInput, match="finished already"):
        resume(app, any_store, begun.state, begun.browser_key)


def test_the_state_in_an_address_of_the_provider_resumes_nothing(google: Any, any_store: Store) -> None:
    """It stands in histories and logs, and whoever could go on with it would sign in for somebody else."""
    app = app_of(google)
    by_script, visitor = begin(app, any_store, account="ada"), begin(app, any_store, account="")
    opened = resume(app, any_store, by_script.state, by_script.browser_key)
    for state, key in [
        (by_script.state, ""),
        (by_script.state, opened.browser_key),
        (opened.state, opened.browser_key),
        (visitor.state, visitor.browser_key),
    ]:
        with pytest.raises(FixInput):
            resume(app, any_store, state, key)


def test_a_sign_in_that_was_forgotten_cannot_be_resumed(google: Any, any_store: Store) -> None:
    app = app_of(google)
    begun = begin(app, any_store, account="ada")
    assert Pending(app, any_store, "code").read(begun.state)["account"] == "ada"
    any_store.execute("UPDATE identity_pending SET expires_at = 1")
    with pytest.raises(FixInput, match="is not known"):
        resume(app, any_store, begun.state, begun.browser_key)
