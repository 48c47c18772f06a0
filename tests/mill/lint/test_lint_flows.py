"""Flows and their expressions: what deploys and then fails or surprises in a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.mill.lint.linting import find, flow, flow_codes, script

PARALLEL = "- id: each\n  value: {type: forloopflow, skip_failures: false, parallel: true, modules: []}"

SUSPEND_OF_MEMBERS = (
    "- id: one\n  value: {type: identity}\n  suspend: {required_events: 1, user_auth_required: true}"
)


@pytest.mark.parametrize(
    ("modules", "code"),
    [
        ("- id: one\n  value: {type: identity}\n  stop_after_if: {expr: result.done}", "WM401"),
        ("- id: each\n  value: {type: forloopflow, parallel: false, modules: [], iterator: {}}", "WM402"),
        ("- id: each\n  value: {type: whileloopflow, modules: []}", "WM402"),
        ("- id: all\n  value: {type: branchall, parallel: true, branches: [{modules: []}]}", "WM403"),
        ("- id: all\n  value: {type: branchall, branches: []}", "WM404"),
        (
            "- id: each\n  value: {type: forloopflow, skip_failures: false, modules: [], iterator: {}}",
            "WM404",
        ),
        ("- id: fetch-it\n  value: {type: identity}", "WM405"),
        ("- id: one\n  value: {type: identity}\n  continue_on_error: true", "WM407"),
        (f"{PARALLEL}\n  stop_after_if: {{expr: 'false', skip_if_stopped: false}}", "WM408"),
        ("- id: one\n  value: {type: script, path: f/a/nothing, input_transforms: {}}", "WM412"),
        ("- id: one\n  value: {type: flow, path: f/a/nothing, input_transforms: {}}", "WM412"),
        ("- id: one\n  value: {type: identity}\n  priority: 5", "WM413"),
        (
            f"{SUSPEND_OF_MEMBERS}\n- id: two\n  value: {{type: identity}}",
            "WM413",
        ),
    ],
)
def test_a_flow_that_behaves_otherwise_than_it_reads_is_reported(
    tmp_path: Path, modules: str, code: str
) -> None:
    assert flow_codes(tmp_path, modules) == [code]


SLEEP = "sleep: {type: static, value: 1}"
RETRY = "retry: {constant: {attempts: 1, seconds: 1}}"
PREVIOUS = "transforms: {x: {type: javascript, expr: previous_result}}"
EACH = """
- id: each
  value:
    type: forloopflow
    skip_failures: false
    parallel: false
    iterator: {{type: static, value: [1]}}
    modules:
      - id: inner
        value: {{type: rawscript, language: bash, content: '', input_transforms: {{}}}}
        {inner}
{last}  {outer}
"""


def each(inner: str = "", outer: str = "", last: str = "") -> str:
    return EACH.format(inner=inner, outer=outer, last=last)


@pytest.mark.parametrize(
    ("modules", "codes"),
    [
        (f"- id: one\n  value: {{type: identity}}\n  {SLEEP}", ["WM420"]),
        (f"- id: one\n  value: {{type: identity}}\n  {SLEEP}\n- id: two\n  value: {{type: identity}}", []),
        ("- id: one\n  value: {type: identity}\n  suspend: {required_events: 1}", ["WM420"]),
        ("- id: one\n  value: {type: identity}\n  suspend: {required_events: 0}", []),
        (each(inner=SLEEP), ["WM420"]),
        (each(outer=RETRY), ["WM421"]),
        (each(inner=RETRY), []),
        (each(outer=RETRY, inner="skip_if: {expr: 'false'}"), []),
        (each(outer=RETRY, last="      - id: last\n        value: {type: identity}\n"), []),
        (each().replace("transforms: {}", PREVIOUS), ["WM424"]),
        (each(inner=RETRY).replace("transforms: {}", PREVIOUS), []),
        (each(outer="timeout: 0"), ["WM422"]),
        (each(inner="timeout: {type: static, value: 0}"), ["WM422"]),
        (each(inner="timeout: 1"), []),
        (each().replace("parallel: false", "parallel: true\n    parallelism: 0"), ["WM423"]),
        (each().replace("parallel: false", "parallel: true\n    parallelism: 1"), []),
    ],
)
def test_what_a_deployed_flow_ignores_or_hangs_on_is_reported(
    tmp_path: Path, modules: str, codes: list[str]
) -> None:
    assert flow_codes(tmp_path, modules) == codes


def test_a_retry_of_a_loop_is_fine_where_a_failure_module_puts_a_flow_around_its_body(tmp_path: Path) -> None:
    settings = "failure_module:\n  id: failure\n  value: {type: identity}"
    assert flow_codes(tmp_path, each(outer=RETRY), settings=settings) == []


def test_a_parallel_loop_on_one_worker_is_reported(tmp_path: Path) -> None:
    assert flow_codes(tmp_path, PARALLEL, settings="same_worker: true") == ["WM409"]


def test_ids_used_twice_are_reported(tmp_path: Path) -> None:
    one = "- id: one\n  value: {type: identity}"

    assert flow_codes(tmp_path, f"{one}\n{one}") == ["WM410", "WM410"]


def test_arguments_a_script_does_not_take_or_lacks_are_reported(tmp_path: Path) -> None:
    main = "def main(order: str, note: str | None, count: int = 1):\n    pass\n"
    step = "- id: {0}\n  value: {{type: script, path: f/a/script, input_transforms: {{{1}}}}}\n"
    value = "{type: static, value: x}"
    modules = step.format("good", f"order: {value}") + step.format("bad", f"oder: {value}")

    found = find(tmp_path, script(main) | {"f/a/work__flow/flow.yaml": flow(modules)})

    assert [(finding.code, finding.message) for finding in found] == [
        ("WM415", "bad is not given its input order."),
        ("WM414", "The script of bad has no parameter oder."),
    ]


# Three steps around a loop; EXPRESSION stands in the place under test.
STEPS = """
    - id: load
      value: {type: identity}
      suspend: {required_events: 1}
    - id: each
      value:
        type: forloopflow
        skip_failures: false
        parallel: false
        iterator: {type: javascript, expr: results.load.items}
        modules:
          - id: inner
            value: {type: identity}
    - id: report
      value:
        type: rawscript
        language: bash
        content: ''
        input_transforms:
          value: {type: javascript, expr: EXPRESSION}
    - id: last
      value: {type: identity}
"""


@pytest.mark.parametrize(
    "expression",
    [
        "results.load.rows",
        "results.load?.rows ?? []",
        'results["load"].rows',
        "flow_input.file",
        "`${results.load.name}: ${flow_input.file}`",
        "const x = results.load; return x.map((row) => row + 1)",
        "results.each.filter((item) => item.ok)",
        "'results.nothing // resume'",
        "({resume: 1}).resume",
        "if (results.load) { return 1 } else { return 2 }",
        "/resume;/.test(results.load)",
    ],
)
def test_an_expression_that_works_is_not_reported(tmp_path: Path, expression: str) -> None:
    assert flow_codes(tmp_path, STEPS.replace("EXPRESSION", json.dumps(expression))) == []


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("results.load.", "WM501"),
        (" ", "WM501"),
        ("[1, 2].map((n) => n + results.load.offset)", "WM502"),
        ("results['load'].rows", "WM503"),
        ("results[flow_input.file]", "WM503"),
        ("// the rows\nresults.load", "WM505"),
        ("results.load // the rows", "WM506"),
        ("results.laod.rows", "WM507"),
        ("results.inner", "WM508"),
        ("results.last", "WM509"),
        ("results.report", "WM509"),
        ("resume.approved", "WM510"),
        ("const x = results.load; x", "WM512"),
        ("results.load;", "WM512"),
        ("flow_input.flie", "WM513"),
        ("flow_input.iter.value", "WM513"),
    ],
)
def test_an_expression_that_fails_in_a_run_is_reported(tmp_path: Path, expression: str, code: str) -> None:
    found = find(
        tmp_path, {"f/a/work__flow/flow.yaml": flow(STEPS.replace("EXPRESSION", json.dumps(expression)))}
    )

    assert [(finding.code, finding.line, finding.column) for finding in found] == [(code, 23, 37)]


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("stop_after_if: {expr: result.done, skip_if_stopped: false}", []),
        ("stop_after_if: {expr: results.one.done, skip_if_stopped: false}", []),
        ("stop_after_if: {expr: return result.done, skip_if_stopped: false}", ["WM504"]),
        ("stop_after_if: {expr: result.done;, skip_if_stopped: false}", ["WM504"]),
        ("skip_if: {expr: previous_result == null}", []),
        ("skip_if: {expr: return true}", ["WM504"]),
        ("skip_if: {expr: results.one}", ["WM509"]),
        ("sleep: {type: javascript, expr: result.seconds}", []),
        ("sleep: {type: javascript, expr: results.one.seconds}", ["WM511"]),
        ("retry: {constant: {attempts: 1, seconds: 1}, retry_if: {expr: results.one.error}}", ["WM511"]),
    ],
)
def test_conditions_and_waits_see_what_windmill_gives_them(
    tmp_path: Path, setting: str, expected: list[str]
) -> None:
    step = f"- id: one\n  value: {{type: identity}}\n  {setting}\n- id: two\n  value: {{type: identity}}"

    assert flow_codes(tmp_path, step) == expected


def test_resume_is_read_in_the_step_after_the_one_that_suspends(tmp_path: Path) -> None:
    step = "- id: {0}\n  value: {{type: identity}}\n  {1}\n"
    asks = step.format("ask", "suspend: {required_events: 1}")
    reads = step.format("read", "skip_if: {expr: resume.no}")

    assert flow_codes(tmp_path, asks + reads) == []
    assert flow_codes(tmp_path, asks + step.format("pause", "sleep: {type: static, value: 1}") + reads) == [
        "WM510"
    ]


def test_the_failure_module_may_read_every_step(tmp_path: Path) -> None:
    settings = """
        failure_module:
          id: failure
          value:
            type: rawscript
            language: bash
            content: ''
            input_transforms:
              error: {type: javascript, expr: error.message}
              rows: {type: javascript, expr: results.inner}
    """

    assert flow_codes(tmp_path, STEPS.replace("EXPRESSION", "flow_input.file"), settings=settings) == []
