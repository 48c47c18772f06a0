"""Reads flow.yaml, strictly.

A setting this runner does not know is refused with the step's id before anything runs, because
a flow that silently behaves differently here than on Windmill is worse than one that does not run.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from mill.engine.definition.lock import INLINE
from mill.engine.definition.openflow import (
    Branch,
    BranchAll,
    BranchOne,
    Flow,
    ForLoop,
    Identity,
    Module,
    ScriptStep,
    Stop,
    SubflowStep,
    Suspend,
    Transform,
    Value,
    WhileLoop,
    runs_body_without_flow,
    walk,
)
from mill.engine.definition.retry import Retry
from mill.errors import MillError
from mill.repository.workspace import hint
from mill.repository.yaml_file import read_mapping

# What a step may hold besides the settings below: it changes nothing about the data.
_HARMLESS = {
    "summary", "priority", "delete_after_use", "delete_after_secs", "tag", "tag_override", "assets",
    "is_trigger", "lock", "custom_concurrency_key", "concurrent_limit", "concurrency_time_window_s",
    "concurrency_key", "cache_ignore_s3_path", "squash", "notes", "groups", "ui", "debouncing",
    "apply_preprocessor",
}  # fmt: skip
_STEP_SETTINGS = {
    "id", "value", "stop_after_if", "stop_after_all_iters_if", "skip_if", "sleep", "suspend", "retry",
    "cache_ttl", "timeout", "mock", "continue_on_error",
}  # fmt: skip
# Settings of a step, which Windmill ignores inside its `value`.
STEP_ONLY = _STEP_SETTINGS - {"id", "value"}

_FLOW_SETTINGS = {
    "modules", "failure_module", "preprocessor_module", "same_worker", "skip_expr", "flow_env", "cache_ttl",
    "early_return", "chat_input_enabled", "visible_to_runner_only", "ws_error_handler_muted",
    "debounce_key", "debounce_delay_s",
}  # fmt: skip
_VALUE_SETTINGS = {
    "script": {"path", "hash", "input_transforms"},
    "rawscript": {"path", "content", "language", "input_transforms"},
    "flow": {"path", "input_transforms"},
    "forloopflow": {"modules", "iterator", "parallel", "parallelism", "skip_failures"},
    "whileloopflow": {"modules", "parallel", "parallelism", "skip_failures"},
    "branchone": {"branches", "default"},
    "branchall": {"branches", "parallel"},
    "identity": {"flow"},
}


TIMES_OUT = "has timeout 0; Windmill ends such a step the moment it starts, so give it a second or more"
HANGS = "has parallelism 0; Windmill then starts no iteration and the flow hangs, so have at least 1"
NO_ARGUMENTS_AGAIN = (
    "is a loop of one plain step with a `retry`; deployed, Windmill runs the loop again without the flow's"
    " arguments, so put the retry on the step inside"
)


def read_flow(path: str, file: Path) -> Flow:
    """Return the flow in `file`.

    Raises MillError for what is malformed or what this runner does not support.
    """
    document = read_mapping(file)
    if not isinstance(document.get("value"), dict):
        raise MillError(f"{file}: has no `value` with the flow's steps.")
    return FlowReader(path, file).flow(document)


def parse_flow(path: str, document: Mapping[str, Any]) -> Flow:
    """Return a flow that lies in no file, from what a flow.yaml would hold; MillError as `read_flow`."""
    try:
        return FlowReader(path, Path(path)).flow(document)
    except (AttributeError, LookupError, TypeError, ValueError) as error:  # of another shape, from anybody
        raise MillError(f"{path} is not a flow as Windmill knows it: {error}.") from error


class FlowReader:
    """Turns the mapping of one flow.yaml into a Flow; errors name the file and the step."""

    def __init__(self, path: str, file: Path) -> None:
        self._path = path
        self._file = file
        self._ids: set[str] = set()

    def flow(self, document: Mapping[str, Any]) -> Flow:
        """Return the whole flow."""
        value = document["value"]
        self._only_known("the flow", value, _FLOW_SETTINGS)
        failure, preprocessor = value.get("failure_module"), value.get("preprocessor_module")
        flow = Flow(
            path=self._path,
            summary=document.get("summary") or "",
            schema=document.get("schema") or {},
            modules=self._modules("the flow", value.get("modules") or []),
            failure_module=self._module(failure, "failure") if failure else None,
            preprocessor_module=self._module(preprocessor, "preprocessor") if preprocessor else None,
            same_worker=bool(value.get("same_worker")),
            skip_expr=value.get("skip_expr") or None,
            flow_env=value.get("flow_env") or {},
            cache_ttl=value.get("cache_ttl"),
        )
        if flow.same_worker:
            self._refuse_parallel_on_one_worker(flow)
        for module in walk(flow.modules):
            if module.retry.attempts and runs_body_without_flow(module, flow.failure_module):
                self._refuse(module.id, NO_ARGUMENTS_AGAIN)
        return flow

    def _refuse_parallel_on_one_worker(self, flow: Flow) -> None:
        for module in walk(flow.modules):
            if isinstance(module.value, ForLoop | BranchAll) and module.value.parallel:
                self._refuse(module.id, "runs in parallel, which same_worker forbids; turn one of them off")

    def _modules(self, where: str, raw: Any) -> tuple[Module, ...]:
        if not isinstance(raw, list):
            self._refuse(where, "needs `modules` to be a list of steps")
        return tuple(self._module(item) for item in raw)

    def _module(self, raw: Any, default_id: str = "") -> Module:
        if not isinstance(raw, dict) or not isinstance(raw.get("value"), dict):
            self._refuse("a step", "is not a mapping with an id and a value")
        step = str(raw.get("id") or default_id)
        if not step:
            self._refuse("a step", "has no id; give it one, such as fetch_orders")
        if step in self._ids:
            self._refuse(step, "has the id of another step; results are kept by id, so give each its own")
        self._ids.add(step)
        self._only_known(step, raw, _STEP_SETTINGS)
        mock = self._mock(raw.get("mock"))
        timeout = self._number_or_transform(step, raw.get("timeout"), "timeout")
        if timeout == Transform(value=0):
            self._refuse(step, TIMES_OUT)
        unsupported = raw["value"].get("type") not in _VALUE_SETTINGS
        return Module(
            id=step,
            value=Identity() if mock is not None and unsupported else self._value(step, raw["value"]),
            summary=raw.get("summary") or "",
            skip_if=self._expr(step, raw, "skip_if"),
            mock=mock,
            timeout=timeout,
            cache_ttl=int(raw["cache_ttl"]) if raw.get("cache_ttl") else None,
            retry=self._retry(step, raw.get("retry")),
            continue_on_error=bool(raw.get("continue_on_error")),
            stop_after_if=self._stop(step, raw.get("stop_after_if")),
            stop_after_all_iters_if=self._stop(step, raw.get("stop_after_all_iters_if")),
            suspend=self._suspend(step, raw.get("suspend")),
            sleep=self._transform(step, raw["sleep"]) if raw.get("sleep") else None,
        )

    def _value(self, step: str, raw: dict[str, Any]) -> Value:
        kind = raw.get("type")
        if kind not in _VALUE_SETTINGS:
            self._refuse(
                step, f"is of type {kind}, which runs only on Windmill; give it a `mock` and try the rest"
            )
        self._only_known(step, raw, _VALUE_SETTINGS[kind] | {"type"} | STEP_ONLY)
        match kind:
            case "script" | "rawscript":
                return self._script(step, raw)
            case "flow":
                return SubflowStep(raw.get("path") or "", self._inputs(step, raw))
            case "forloopflow" | "whileloopflow":
                return self._loop(step, raw)
            case "branchone" | "branchall":
                return self._branches(step, raw)
            case _:
                return Identity()

    def _script(self, step: str, raw: dict[str, Any]) -> ScriptStep:
        inputs = self._inputs(step, raw)
        if raw["type"] == "script":
            path = str(raw.get("path") or "")
            if raw.get("hash"):
                self._refuse(step, "is pinned to a deployed version (`hash`), unknown here; remove the hash")
            if path.startswith("hub/"):
                self._refuse(
                    step, f"runs {path} from Windmill's hub; save it in the workspace to run it here"
                )
            return ScriptStep(path, inputs)
        if raw.get("language") != "python3":
            self._refuse(
                step, f"is written in {raw.get('language')}; only Python runs here, so give it a `mock`"
            )
        code, file = self._code(step, raw.get("content") or "")
        return ScriptStep(raw.get("path"), inputs, code, file, self._lock(raw.get("lock")))

    def _code(self, step: str, content: str) -> tuple[str, Path | None]:
        if not content.startswith(INLINE):
            return content, None
        file = self._file.parent / content.removeprefix(INLINE).strip()
        if not file.is_file():
            self._refuse(step, f"takes its code from {file.name}, which is not in {file.parent}")
        return file.read_text("utf-8"), file

    def _lock(self, content: Any) -> Path | str | None:
        """Return a step's lock; what `!inline` names may be missing, as before the first `mill metadata`."""
        if not isinstance(content, str) or not content.startswith(INLINE):
            return content if isinstance(content, str) else None
        return self._file.parent / content.removeprefix(INLINE).strip()

    def _loop(self, step: str, raw: dict[str, Any]) -> Value:
        modules = self._modules(step, raw.get("modules") or [])
        skip_failures = bool(raw.get("skip_failures"))
        if raw["type"] == "whileloopflow":
            if raw.get("parallel"):
                self._refuse(step, "is a while loop with `parallel`; Windmill runs those one after the other")
            return WhileLoop(modules, skip_failures)
        if not isinstance(raw.get("iterator"), dict):
            self._refuse(step, "is a loop without an `iterator`")
        parallelism = self._number_or_transform(step, raw.get("parallelism"), "parallelism")
        if raw.get("parallel") and parallelism == Transform(value=0):
            self._refuse(step, HANGS)
        return ForLoop(
            modules,
            iterator=self._transform(step, raw["iterator"]),
            parallel=bool(raw.get("parallel")),
            parallelism=parallelism,
            skip_failures=skip_failures,
        )

    def _branches(self, step: str, raw: dict[str, Any]) -> Value:
        branches = tuple(self._branch(step, item) for item in raw.get("branches") or [])
        if raw["type"] == "branchall":
            return BranchAll(branches, parallel=raw.get("parallel") is not False)
        return BranchOne(branches, self._modules(step, raw.get("default") or []))

    def _branch(self, step: str, raw: dict[str, Any]) -> Branch:
        self._only_known(step, raw, {"modules", "expr", "skip_failure", "parallel"})
        expr = str(raw.get("expr") or "")
        return Branch(self._modules(step, raw.get("modules") or []), expr, bool(raw.get("skip_failure")))

    def _inputs(self, step: str, raw: dict[str, Any]) -> dict[str, Transform]:
        transforms = raw.get("input_transforms") or {}
        return {name: self._transform(step, transform) for name, transform in transforms.items()}

    def _transform(self, step: str, raw: Any) -> Transform:
        kind = raw.get("type") if isinstance(raw, dict) else None
        if kind == "static":
            return Transform(value=raw.get("value"))
        if kind == "javascript":
            return Transform(expr=str(raw.get("expr") or ""))
        return self._refuse(step, f"has an input of type {kind}; static and javascript are supported")

    def _number_or_transform(self, step: str, raw: Any, setting: str) -> Transform | None:
        if raw is None or isinstance(raw, dict):
            return None if raw is None else self._transform(step, raw)
        if isinstance(raw, bool) or not isinstance(raw, int) or raw < 0:
            self._refuse(step, f"has {setting} {raw!r}; it takes a whole number of at least 1")
        return Transform(value=raw)

    def _expr(self, step: str, raw: dict[str, Any], setting: str) -> str | None:
        value = raw.get(setting)
        if value is None:
            return None
        if not isinstance(value, dict) or not isinstance(value.get("expr"), str):
            self._refuse(step, f"needs {setting} to be a mapping with an `expr`")
        return str(value["expr"])

    def _stop(self, step: str, raw: Any) -> Stop | None:
        if not raw:
            return None
        expr = self._expr(step, {"stop": raw}, "stop")
        if raw.get("skip_if_stopped") is None:
            self._refuse(
                step, "stops early without `skip_if_stopped`; Windmill refuses such a flow, so say it"
            )
        return Stop(expr or "", bool(raw["skip_if_stopped"]), raw.get("error_message"))

    def _mock(self, raw: Any) -> Transform | None:
        return Transform(value=raw.get("return_value")) if raw and raw.get("enabled") else None

    def _suspend(self, step: str, raw: Any) -> Suspend | None:
        if not raw or not raw.get("required_events"):
            return None
        if raw.get("user_auth_required") or raw.get("self_approval_disabled"):
            self._refuse(
                step, "asks for approval by signed-in users, an enterprise setting there is none of here"
            )
        timeout = raw.get("timeout")
        return Suspend(
            int(raw["required_events"]),
            float(timeout) if timeout is not None else 30 * 60.0,
            bool(raw.get("continue_on_disapprove_timeout")),
        )

    def _retry(self, step: str, raw: Any) -> Retry:
        if not raw:
            return Retry()
        self._only_known(step, raw, {"constant", "exponential", "retry_if"})
        constant, exponential = raw.get("constant") or {}, raw.get("exponential") or {}
        return Retry(
            constant_attempts=int(constant.get("attempts") or 0),
            constant_seconds=int(constant.get("seconds") or 0),
            exponential_attempts=int(exponential.get("attempts") or 0),
            exponential_seconds=int(exponential.get("seconds") or 0),
            multiplier=int(exponential.get("multiplier", 1)),
            random_factor=int(exponential.get("random_factor") or 0),
            retry_if=self._expr(step, raw, "retry_if"),
        )

    def _only_known(self, step: str, raw: Mapping[str, Any], known: set[str]) -> None:
        for name in raw:
            if name not in known and name not in _HARMLESS:
                self._refuse(step, f"has the setting {name}, which mill does not support.{hint(name, known)}")

    def _refuse(self, step: str, why: str) -> NoReturn:
        subject = step if step.startswith(("the ", "a ")) else f"step {step}"
        raise MillError(f"{self._file}: {subject} {why}{'' if why.endswith(('.', '?')) else '.'}")
