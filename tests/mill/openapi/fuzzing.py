"""schemathesis against a running `mill serve`: requests made of its own document, replies held against it.

`python -m tests.mill.openapi.fuzzing 300` fuzzes every route and some webhooks for about so many seconds.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mill.api.storage.database import Database
from mill.api.storage.templates import Templates
from mill.api.storage.values import Values

ROOT = Path(__file__).parents[3]
TOKEN = "fuzz-token"
SEED = 20261129
# Checks that would find what is meant: what its schema takes may be refused all the same, and what it does
# not may be taken and fail as a job; a wrong method is answered 404, as by Windmill; nothing follows from
# anything.
LEFT_OUT = (
    "negative_data_rejection",
    "positive_data_acceptance",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "use_after_free",
    "ensure_resource_availability",
    "object_level_authorization",
)
# Scripts that need nothing but themselves: what is fuzzed is the door, and not a twin.
WEBHOOKS = (
    "script f/customers/mock_customer_api",
    "script f/customers/parse_csv",
    "script f/graphql/build_query",
    "script f/identity/read_jwt",
    "script f/vessels/get_vessel",
    "script f/webhooks/receive_event",
    "flow f/customers/import_csv",
)
# Signed as its sender signs, by the hooks: which the fuzzer takes for a credential it has made up.
SIGNED = "/webhooks/"


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """What the fuzzer said."""

    code: int
    text: str
    report: Path


@contextmanager
def serving(root: Path, state: Path, *options: str) -> Iterator[str]:
    """Run `mill serve` on a free port, and yield its address."""
    process, url = start_serving(root, state, *options)
    try:
        yield url
    finally:
        stop_serving(process)


def start_serving(root: Path, state: Path, *options: str) -> tuple[subprocess.Popen[str], str]:
    """Start `mill serve`, on a free port unless `options` name one; return it and its address."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-u", "-c", "from mill.cli import main; main()"),
            *("serve", "--port", "0", "--quiet", "--state", str(state), *options),
        ],
        cwd=root,
        env={**os.environ, "MILL_TOKEN": TOKEN, "COLUMNS": "200", "PYTHONPATH": str(ROOT / "scripts")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = ""
    try:
        while (match := re.search(r" on (http://\S+)\. Ctrl-C", said)) is None:
            line = process.stdout.readline()
            assert line, said
            said += line
    except BaseException:
        stop_serving(process)
        raise
    return process, match[1]


def stop_serving(process: subprocess.Popen[str]) -> None:
    """End `mill serve` as Ctrl-C does; by force if it does not end."""
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def fuzz(url: str, document: Mapping[str, object], folder: Path, *, seconds: int, examples: int) -> Fuzzed:
    """Fuzz every route of the document and the webhooks above; bounded by both numbers."""
    (folder / "openapi.json").write_text(json.dumps(document), "utf-8")
    (folder / "schemathesis.toml").write_text(_settings(document), "utf-8")
    program = Path(sys.executable).with_name("schemathesis")
    done = subprocess.run(
        [
            *(str(program), "--config-file", str(folder / "schemathesis.toml"), "run"),
            *(str(folder / "openapi.json"), "--url", url, "--phases", "examples,coverage,fuzzing"),
            *("--seed", str(SEED), "--max-examples", str(examples)),
            *("--max-time", str(seconds), "--workers", "1", "--no-shrink", "--continue-on-failure"),
            *("--suppress-health-check", "all", "--request-timeout", "60", "--warnings", "off"),
            *("--report", "ndjson", "--report-ndjson-path", str(folder / "report.ndjson")),
            *(word for path in _paths(document) for word in ("--include-path", path)),
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'scripts'}", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return Fuzzed(done.returncode, done.stdout + done.stderr, folder / "report.ndjson")


def _paths(document: Mapping[str, object]) -> Iterator[str]:
    paths = document["paths"]
    assert isinstance(paths, dict)
    for path, methods in paths.items():
        runs = next(iter(methods.values()))["x-windmill-runs"]
        if "/jobs/" not in path or runs in WEBHOOKS:
            yield path


def _settings(document: Mapping[str, object]) -> str:
    components = document["components"]
    assert isinstance(components, dict)
    schemes = components["securitySchemes"]
    lines = [f'hooks = "{Path(__file__).with_name("fuzz_hooks.py")}"']
    lines += ["[auth.openapi.token]", f'bearer = "{TOKEN}"']
    for name, scheme in schemes.items():
        if name.startswith("key_"):
            lines += [f"[auth.openapi.{name}]", f'api_key = "{key_of(scheme)}"']
    lines += [line for name in LEFT_OUT for line in (f"[checks.{name}]", "enabled = false")]
    lines += ["[[operations]]", f'include-path-regex = "{SIGNED}"', "checks.ignored_auth.enabled = false"]
    return "\n".join(lines)


def key_of(scheme: Mapping[str, str]) -> str:
    """Return the key that resources/mock has for a scheme, whose description names the resource."""
    path = scheme["description"].removesuffix(".").rpartition(" ")[2]
    folder = tempfile.TemporaryDirectory(prefix="mill-keys-")
    with folder as name, Database(Path(name) / "mill.sqlite") as database:
        return str(
            Values(Templates([ROOT / "resources" / "mock"]), database, {}).resolved(path)["api_key_secret"]
        )


def main(words: Sequence[str]) -> int:
    """Fuzz for so many seconds, and print what the fuzzer says."""
    from urllib.request import urlopen  # noqa: PLC0415 - of the command alone

    seconds = int(words[0]) if words else 60
    with (
        tempfile.TemporaryDirectory(prefix="mill-fuzz-") as folder,
        serving(ROOT, Path(folder) / "state") as url,
    ):
        with urlopen(f"{url}/openapi.json", timeout=30) as reply:
            document = json.load(reply)
        done = fuzz(url, document, Path(folder), seconds=seconds, examples=10_000)
    sys.stdout.write(done.text)
    return done.code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
