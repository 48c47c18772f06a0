"""An API called, checked, watched and put back from a form."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from f.connect import call_api, check_health, reset_state, show_metrics
from f.connect.errors import FixInput, FixSettings, GiveUpRecord, OutcomeUnknown, SignInAgain, TryLater
from f.connect.redact import forget
from tests.loopback import Answer, Asked, Reply, serve

SECRET = "tok-9f8e7d6c5b4a"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where the scripts keep their state."""
    monkeypatch.setenv("HOME", str(tmp_path))
    yield
    forget()


def resource(url: str, **more: Any) -> Any:
    return {
        "base_url": url,
        "endpoints": {"health": "/me"},
        "authentication": {"type": "bearer_token", "token": SECRET},
        "retry": {"max_retries": 1, "initial_delay": 0, "max_delay": 0.01},
        **more,
    }


def call(answer: Answer, **arguments: Any) -> tuple[Any, list[Asked]]:
    with serve(answer) as server:
        result = call_api.main(resource(server.url), as_data=True, **arguments)
        return result, server.asked


def says(status: int, body: Any = None, **headers: str) -> Answer:
    return lambda _: Reply(status, body, headers)


def test_a_read_says_what_came_and_shows_it() -> None:
    result, asked = call(says(200, {"data": [{"id": 1}]}), path="/rows", params={"limit": 1})
    assert (result["outcome"], result["status"], result["body"]) == ("read", 200, {"data": [{"id": 1}]})
    assert "answered 200" in result["message"]
    assert "1 in data" in result["message"]
    [one] = asked
    assert one.path == "/rows?limit=1"
    assert one.headers["Authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    ("status", "body", "outcome", "sentence"),
    [
        (201, {"id": "c1"}, "done", "it was applied, and has the id c1"),
        (204, None, "done", "it was applied"),
        (200, {"ok": True}, "done", "it was applied"),
        (202, {}, "accepted", "will do it later"),
        (200, None, "in_doubt", "with nothing, which does not prove"),
        (200, b"<html>Welcome</html>", "in_doubt", "a proxy's page"),
        (422, {"message": "email is wrong"}, "refused", '"email is wrong". Nothing was applied'),
        (409, {"error": {"message": "exists"}}, "refused", '"exists". Nothing was applied. It conflicts'),
        (403, {}, "refused", "The credential may not do this"),
        (404, b"<html>nginx</html>", "in_doubt", "may be a proxy's"),
    ],
)
def test_a_write_says_what_its_answer_proves(status: int, body: Any, outcome: str, sentence: str) -> None:
    result, asked = call(
        says(status, body), path="/rows", method="POST", body={"a": 1}, fail_if_refused=False
    )
    assert (result["outcome"], len(asked)) == (outcome, 1)
    assert sentence in result["message"]


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (422, {"message": "no"}, GiveUpRecord),
        (404, {}, FixSettings),
        (403, {}, SignInAgain),
        (200, None, OutcomeUnknown),
        (500, {}, OutcomeUnknown),
        (429, {}, TryLater),
    ],
)
def test_a_job_fails_by_what_to_do_next(status: int, body: Any, error: type[Exception]) -> None:
    with serve(says(status, body)) as server, pytest.raises(error) as raised:
        call_api.main(resource(server.url), path="/rows", method="POST", body={"a": 1})
    assert getattr(raised.value, "status", None) in {status, None}


def test_a_write_whose_answer_is_lost_is_in_doubt_and_with_a_key_sent_again() -> None:
    with serve(lambda _: Reply(drop=True)) as server:
        with pytest.raises(OutcomeUnknown, match="look it up before sending it again"):
            call_api.main(resource(server.url), path="/rows", method="POST", body={"a": 1})
        assert len(server.asked) == 1
        with pytest.raises(OutcomeUnknown, match="the same request may be sent again"):
            call_api.main(
                resource(server.url), path="/rows", method="POST", body={"a": 1}, idempotency_key="k1"
            )
        assert [one.headers["Idempotency-Key"] for one in server.asked[1:]] == ["k1", "k1"]


def test_a_dry_run_sends_nothing_and_shows_no_secret() -> None:
    result, asked = call(
        says(200),
        path="/rows",
        method="POST",
        params={"token": SECRET},
        headers={"X-Api-Key": "another-secret", "X-Tenant": "north"},
        body={"note": f"it is {SECRET}"},
        dry_run=True,
    )
    assert not asked
    sent = result["request"]
    assert result["outcome"] == "not_sent"
    assert sent["credential"] == "bearer token in the header Authorization"
    assert sent["headers"]["X-Tenant"] == "north"
    assert sent["headers"]["X-Api-Key"] == "***"
    assert SECRET not in str(result)
    assert "another-secret" not in str(result)
    assert "sent once" in result["message"]


def test_a_secret_that_the_api_echoes_is_not_shown() -> None:
    result, _ = call(says(200, {"you sent": SECRET, SECRET: 1}, Echo=SECRET), path="/echo")
    assert SECRET not in str(result)


def pages(asked: Asked) -> Reply:
    after = int(asked.path.partition("after=")[2] or 0)
    rows = [{"id": number} for number in range(after, min(after + 2, 5))]
    return Reply(200, {"data": rows, "next": after + 2 if after + 2 < 5 else None})


@pytest.mark.parametrize(
    ("most", "count", "more"),
    [({}, 5, False), ({"max_rows": 3}, 3, True), ({"max_pages": 1}, 2, True), ({"max_rows": 5}, 5, False)],
)
def test_a_list_is_read_page_by_page_up_to_a_cap(most: dict[str, int], count: int, more: bool) -> None:
    result, _ = call(
        pages, path="/rows", paging="cursor", rows_at="data", next_at="next", next_param="after", **most
    )
    assert [row["id"] for row in result["rows"]] == list(range(count))
    assert result["more"] is more
    assert ("There are more" in result["message"]) is more


def test_a_next_page_on_another_host_is_not_fetched() -> None:
    with serve(says(200, [])) as other:
        elsewhere = f"http://localhost:{other.url.rpartition(':')[2]}/rows"

        def answer(_: Asked) -> Reply:
            return Reply(200, [{"id": 1}], {"Link": f'<{elsewhere}>; rel="next"'})

        with serve(answer) as server, pytest.raises(FixSettings, match="another host"):
            call_api.main(resource(server.url), path="/rows", paging="link")
        assert not other.asked


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"path": "https://other.example.com/rows"}, "whole address"),
        ({"path": "//other.example.com/rows"}, "whole address"),
        ({"path": "/rows", "body": {"a": 1}}, "has no body"),
        ({"path": "/rows", "idempotency_key": "k"}, "takes no idempotency_key"),
        ({"path": "/rows", "method": "BREW"}, "it can be GET"),
        ({"path": "/rows", "params": [1]}, "params must be an object"),
        ({"path": "/rows", "headers": {"A": {}}}, "headers must hold texts"),
        ({"path": "/rows", "max_rows": 0}, "max_rows is 0"),
        ({"path": "/rows", "method": "POST", "paging": "page"}, "Only a GET"),
        ({"path": "/rows", "paging": "cursor"}, "need next_at"),
        ({"path": "/rows", "paging": "round"}, "paging must be"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_it_is_sent(arguments: Any, sentence: str) -> None:
    with serve(says(200, {})) as server:
        with pytest.raises(FixInput, match=sentence):
            call_api.main(resource(server.url), **arguments)
        assert not server.asked


def test_people_see_a_table_and_no_page_of_the_api() -> None:
    with serve(says(200, {"html": "<script>"})) as server:
        shown = call_api.main(resource(server.url), path="/rows")["render_all"]
    assert shown[1] == {"answer": {"html": "<script>"}}
    with serve(says(200, [{"id": 1}])) as server:
        assert call_api.main(resource(server.url), path="/rows")["render_all"][1] == {
            "table-row-object": [{"id": 1}]
        }


def test_health_says_what_a_job_would_meet() -> None:
    with serve(says(200, {}, **{"X-RateLimit-Remaining": "7"})) as server:
        good = check_health.main(resource(server.url), as_data=True)
        assert (good["status"], good["circuit"], good["limit_left"]) == ("ok", "closed", 7)
        assert "render_all" in check_health.main(resource(server.url))
    with serve(says(401)) as server:
        bad = check_health.main(resource(server.url), as_data=True)
        assert (bad["status"], bad["code"]) == ("failing", "http_401")
        with pytest.raises(TryLater):
            check_health.main(resource(server.url), fail_if_failing=True)


def test_what_jobs_share_is_put_back_only_when_it_is_chosen() -> None:
    with serve(says(401)) as server:
        api = resource(server.url)
        with pytest.raises(FixInput, match="Nothing was chosen"):
            reset_state.main(api)
        for _ in range(2):
            assert check_health.main(api, as_data=True)["status"] == "failing"
        refused = len(server.asked)
        assert refused == 1  # the second was not sent: the credential was refused before
        done = reset_state.main(api, credential=True, as_data=True)["done"]
        assert list(done) == ["credential"]
        check_health.main(api, as_data=True)
        assert len(server.asked) == 2


def test_an_open_breaker_is_closed_for_all_jobs() -> None:
    with serve(says(500, {})) as server:
        api = resource(server.url, circuit_breaker={"minimum_calls": 1, "window": 60, "reset_timeout": 60})
        check_health.main(api, as_data=True)
        assert check_health.main(api, as_data=True)["code"] == "circuit_open"
        sent = len(server.asked)
        done = reset_state.main(api, breaker=True, limit=True, counts=True, as_data=True)["done"]
        assert done["breaker"] == "The circuit breaker was open, and is closed."
        assert list(done) == ["breaker", "limit", "counts"]
        check_health.main(api, as_data=True)
        assert len(server.asked) > sent


def test_metrics_count_what_was_called() -> None:
    assert show_metrics.main(as_data=True)["calls"] == 0
    with serve(says(200, {})) as server:
        call_api.main(resource(server.url, name="crm"), path="/rows")
        call_api.main(resource(server.url, name="crm"), path="/rows", method="DELETE")
        found = show_metrics.main(as_data=True)
        assert found["calls"] == 2
        assert {row["integration"] for row in found["endpoints"]} == {"crm"}
        assert all(row["success_rate"] == 1 for row in found["endpoints"])
        reset_state.main(resource(server.url, name="crm"), counts=True)
    assert show_metrics.main(as_data=True)["calls"] == 0


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"endpoint_modes": {"rows": "mock"}}, "The mode is mock: the stand-in would answer"),
        ({"mode": "hybrid"}, "The mode is hybrid: the stand-in would answer if the API were down"),
        ({"mode": "mock", "endpoint_modes": {"/rows": "live"}}, ""),
        ({"endpoint_modes": {"other": "mock"}}, ""),
    ],
)
def test_a_dry_run_says_who_would_answer_at_this_path(settings: Any, sentence: str) -> None:
    api = resource("http://127.0.0.1:9", twin_url="http://127.0.0.1:8", **settings)
    message = call_api.main(api, path="/rows", dry_run=True, as_data=True)["message"]
    assert sentence in message
    assert ("stand-in" in message) == bool(sentence)
