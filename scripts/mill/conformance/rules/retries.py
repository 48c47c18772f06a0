"""Retries."""

from __future__ import annotations

from typing import Any

from mill.conformance.rules.case import BAD_JS, Case, error, errors_in, plain_error
from mill.conformance.steps import Step, const, give, identity, loop, py, retries

# Counts its runs: in a resource on a server, whose workers share no directory; in a file of a directory here.
FLAKY = """
from pathlib import Path
from urllib.request import Request, urlopen

def call(action, body=None):
    api = f"{os.environ['BASE_INTERNAL_URL']}/api/w/{os.environ['WM_WORKSPACE']}/resources"
    headers = {"Authorization": f"Bearer {os.environ['WM_TOKEN']}", "Content-Type": "application/json"}
    with urlopen(Request(f"{api}/{action}/{folder}", body, headers)) as reply:
        return reply.read()

if folder.startswith("f/"):
    counts = json.loads(call("get_value"))
    n = counts.get(step, 0)
    call("update_value", json.dumps({"value": {**counts, step: n + 1}}).encode())
else:
    log = Path(folder, step); n = len(log.read_text()) if log.exists() else 0
    log.write_text('x' * (n + 1))
if n < fails: raise ValueError(f'attempt {n}')
return n
"""


def flaky(step: str, fails: int, **settings: Any) -> Step:
    """A step that fails this often and then gives the number of failures."""
    inputs = {"folder": "flow_input.folder", "step": ("static", step), "fails": ("static", fails)}
    return py(step, FLAKY, inputs, **settings)


def case(rule: str, steps: list[Step], result: Any, success: bool = True, **more: Any) -> Case:
    """A case whose flow has a folder to count in."""
    return Case(rule, steps, result, success, in_folder=True, **more)


CASES = [
    case("a retry runs the step again", [flaky("a", 1, retry=retries(1, 5))], 1, waits=[5]),
    case(
        "runs are at most one more than the attempts",
        [flaky("a", 9, retry=retries(2, 5))],
        error("ValueError", "attempt 2"),
        False,
        waits=[5, 5],
    ),
    case(
        "constant attempts come before exponential ones",
        [
            flaky(
                "a",
                9,
                retry={
                    "constant": {"attempts": 1, "seconds": 7},
                    "exponential": {"attempts": 2, "seconds": 2, "multiplier": 3},
                },
            )
        ],
        error("ValueError", "attempt 3"),
        False,
        waits=[7, 12, 24],
    ),
    case(
        "no attempts, no retry",
        [flaky("a", 9, retry={"constant": {"attempts": 0, "seconds": 5}})],
        error("ValueError", "attempt 0"),
        False,
    ),
    case(
        "retry_if false ends the retries",
        [flaky("a", 9, retry=retries(3, 1, retry_if={"expr": "error.message == 'attempt 0'"}))],
        error("ValueError", "attempt 1"),
        False,
        waits=[1],
    ),
    case(
        "retry_if sees result, the failure",
        [flaky("a", 1, retry=retries(1, 1, retry_if={"expr": "result.error.name == 'ValueError'"}))],
        1,
        waits=[1],
    ),
    case(
        "retry_if sees no results: the flow fails with a text as the error",
        [flaky("a", 1, retry=retries(1, 1, retry_if={"expr": "results.a"}))],
        plain_error("results is not defined"),
        False,
    ),
    case(
        "a throwing retry_if reaches the failure module",
        [flaky("a", 1, retry=retries(1, 1, retry_if={"expr": "results.a"}))],
        "string",
        False,
        value={"failure_module": give("failure", "typeof error")},
    ),
    case(
        "retries reuse the arguments of the first attempt",
        [
            py(
                "a",
                "raise ValueError(str(x))",
                {"x": "Math.random()"},
                retry=retries(1, 1),
                continue_on_error=True,
            ),
            give("b", "results.a.error.message"),
        ],
        lambda r: float(r) >= 0,
        waits=[1],
    ),
    case(
        "after a throwing transform retries have no arguments",
        [give("a", BAD_JS, retry=retries(1, 1))],
        None,
        waits=[1],
    ),
    case(
        "retries come before continue_on_error",
        [flaky("a", 9, retry=retries(1, 1), continue_on_error=True), const("b", 1)],
        1,
        waits=[1],
    ),
    case(
        "the counter goes on after an exhausted step",
        [flaky("a", 9, retry=retries(1, 1), continue_on_error=True), flaky("b", 9, retry=retries(1, 1))],
        error("ValueError", "attempt 0"),
        False,
        waits=[1],
    ),
    case(
        "a success clears the counter",
        [
            flaky("a", 9, retry=retries(1, 1), continue_on_error=True),
            const("c", 1),
            flaky("b", 9, retry=retries(1, 1)),
        ],
        error("ValueError", "attempt 1"),
        False,
        waits=[1, 1],
    ),
    case(
        "a failure module with a retry starts counting anew",
        [flaky("a", 9, retry=retries(1, 1))],
        1,
        False,
        value={"failure_module": flaky("failure", 1, retry=retries(1, 4))},
        waits=[1, 4],
    ),
    case(
        "a retried loop runs its iterations again",
        [loop("l", "[1]", [flaky("x", 1), identity("y")], retry=retries(1, 2))],
        [1],
        waits=[2],
    ),
    case(
        "each iteration counts its own retries",
        [loop("l", "[1, 2]", [flaky("x", 9, retry=retries(1, 2))], skip_failures=True)],
        errors_in("error", "error"),
        waits=[2, 2],
    ),
    case("a mocked step is not retried", [const("a", 1, retry=retries(3, 1))], 1),
]
