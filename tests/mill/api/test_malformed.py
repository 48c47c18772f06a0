"""What the API cannot use is a 4xx with a sentence, never a server error."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.mill.api.stage import Stage

API = "/api/w/local"
HELPERS = f"{API}/job_helpers"
DIGITS = "9" * 5000


@pytest.fixture
def served(stage: Stage) -> Iterator[Stage]:
    stage.write("f/demo/echo.py", "def main():\n    pass\n")
    stage.jobs.functions["f/demo/echo"] = dict
    with stage.serve():
        yield stage


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "sentence"),
    [
        ("GET", f"{API}/scripts/raw/p/f/{'x' * 5000}.py", b"", 404, "There is no script"),
        ("GET", f"{API}/scripts/raw/p/f/a%00b.py", b"", 404, "There is no script"),
        ("GET", f"{API}/resources/list?per_page={DIGITS}", b"", 400, "per_page must be a whole number"),
        ("GET", f"{HELPERS}/list_stored_files?max_keys={DIGITS}", b"", 400, "max_keys must be"),
        ("GET", f"{API}/jobs/resume_urls/x/{DIGITS}", b"", 404, "There is no job x"),
        ("POST", f"{API}/jobs_u/resume/x/{DIGITS}/s", b"", 400, "The resume id must be"),
        ("GET", f"{API}/s3_proxy/_default_/a?exp={DIGITS}&sig=x", b"", 403, "The signature of this S3 URL"),
        ("POST", f"{HELPERS}/upload_s3_file?file_key=a&content_type=a%0d%0ab", b"x", 400, "content_type has"),
        (
            "POST",
            f"{HELPERS}/upload_s3_file?file_key=a&content_disposition=%E2%82%AC",
            b"x",
            400,
            "content_disposition has",
        ),
        (
            "POST",
            f"{API}/apps/sign_s3_objects",
            b'{"s3_objects": [{"s3": "a"}], "expiry_secs": Infinity}',
            400,
            "Infinity is not a JSON number",
        ),
        (
            "POST",
            f"{API}/apps/sign_s3_objects",
            b'{"s3_objects": [{"s3": "a"}], "expiry_secs": 1e999}',
            400,
            "1e999 is larger than any number",
        ),
        (
            "POST",
            f"{API}/resources/create",
            rb'{"path": "f/a/b", "value": 1, "resource_type": "\ud800"}',
            400,
            "half a character",
        ),
        (
            "POST",
            f"{API}/jobs/run/p/f/demo/echo?scheduled_in_secs={DIGITS}",
            b"{}",
            400,
            "scheduled_in_secs must be",
        ),
        (
            "POST",
            f"{API}/jobs/run_wait_result/p/f/demo/echo?include_header=%C3%A9%E2%82%AC",
            b"{}",
            200,
            "{}",
        ),
        ("GET", f"{API}/jobs/run_wait_result/p/f/demo/echo?payload=W1tb", b"", 400, "payload must be JSON"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_sentence(
    served: Stage, method: str, path: str, body: bytes, status: int, sentence: str
) -> None:
    headers = {"Content-Type": "application/json"} if body else {}
    reply = served.send(method, path, body or None, headers, token=True)
    assert (reply.status, sentence in reply.text) == (status, True), reply


def test_a_text_of_half_characters_is_refused_wherever_it_stands_in_a_body(served: Stage) -> None:
    for value in ({"\ud800": 1}, [["\udfff"]], "a\ud83d"):
        reply = served.post(f"{API}/jobs/run/p/f/demo/echo", value, token=True)
        assert (reply.status, "half a character" in reply.text) == (400, True)
    whole = served.post(f"{API}/jobs/run_wait_result/p/f/demo/echo", {"a": "\U0001f600"}, token=True)
    assert (whole.status, json.loads(whole.body)) == (200, {"a": "\U0001f600"})
