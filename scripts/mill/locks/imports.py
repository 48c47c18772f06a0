"""What a script needs, found as Windmill's worker finds it.

The worker reads the top-level imports that stand before `def main(` and follows those of modules of the
workspace (`f.folder.module`, `u.user.module`, relative ones). Imports inside functions, `try` or `if` are
not seen. Source of the rules: windmill-parser-py-imports and windmill-common/workspace_dependencies.
"""

from __future__ import annotations

import ast
import functools
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mill.errors import MillError
from mill.locks.names import UNKNOWN_TO_WINDMILL, package_of, trap
from mill.repository.python_syntax import explain, parse_python

ReadModule = Callable[[str], str | None]

MAIN = re.compile(r"^(?:async )?def main\(", re.MULTILINE)
_PIN = re.compile(r"\s*#\s*(pin|repin):\s*(\S*)")
_ANNOTATION = re.compile(r"#\s*(extra[_-])?requirements:(.*)")
_REQUIREMENT_LINE = re.compile(r"#\s?(\S+)\s*")
_NAME = re.compile(r"[^!=<>~\[; ]+")


@dataclass(frozen=True, slots=True)
class Script:
    """Code with its workspace path and the file a person would open to change it."""

    path: str
    code: str
    file: str


@dataclass(frozen=True, slots=True)
class _Found:
    """One requirement. A later `repin` replaces what it finds, a `pin` replaces a guess, a guess nothing."""

    rank: int  # 0 repin, 1 pin, 2 guessed from the import
    key: str
    texts: tuple[str, ...]


@dataclass(slots=True)
class Needs:
    """What has to be installed for a script, and which Pythons it accepts."""

    requirements: list[str] = field(default_factory=list)
    python: list[str] = field(default_factory=list)
    newest_python: bool = False


@dataclass(slots=True)
class ImportScan:
    """Collects the needs of one script and of all the modules it reaches."""

    read_module: ReadModule
    workspace_dependencies: Mapping[str, str]  # name ("default" for requirements.in) -> content
    visited: set[str] = field(default_factory=set)
    needs: Needs = field(default_factory=Needs)

    def run(self, script: Script) -> Needs:
        """Return the needs of `script`.

        MillError where Windmill would install something else than is meant.
        """
        found = self._collect(script)
        texts = (text for entry in found.values() for text in entry.texts)
        self.needs.requirements = sorted({text for text in texts if text and not text.startswith("--")})
        return self.needs

    def _collect(self, script: Script) -> dict[str, _Found]:
        self._read_python_version(script.code)
        declared = _declared(script, self.workspace_dependencies)
        self.needs.python += declared.python
        rank = 1 if declared.scan else 0
        found = {_bare(text): _Found(rank, _bare(text), (text,)) for text in declared.requirements}
        if not declared.scan:
            return found
        imported = _imports(script)
        for entry in imported.packages:
            _merge(found, entry)
        for module in imported.modules:
            for entry in self._module(module):
                _merge(found, entry)
        return found

    def _module(self, path: str) -> list[_Found]:
        code = None if path in self.visited else self.read_module(path)
        if code is None:
            return []
        self.visited.add(path)
        nested = self._collect(Script(path, code, f"{path}.py")).values()
        return sorted(nested, key=lambda entry: (entry.rank, entry.key))

    def _read_python_version(self, code: str) -> None:
        if not code.startswith("#"):  # nearly every module, looked at once for each of its importers
            return
        for line in code.splitlines():
            if not line.startswith("#"):
                break
            word = line.lstrip("#").strip()
            if re.fullmatch(r"py3\d\d", word):
                self.needs.python.append(f"==3.{word[3:]}.*")
            elif word == "py_select_latest":
                self.needs.newest_python = True
            elif re.match(r"#\s?py:", line):
                self.needs.python.append(word.removeprefix("py:").strip())


@dataclass(frozen=True, slots=True)
class _Declared:
    """What comments or the workspace's own requirements say, and whether imports count beside it."""

    requirements: list[str]
    scan: bool
    python: list[str] = field(default_factory=list)


def _declared(script: Script, files: Mapping[str, str]) -> _Declared:
    declares = "requirements:" in script.code or "# /// script" in script.code
    lines = script.code.splitlines() if declares else []
    for position, line in enumerate(lines):
        if line == "# /// script":
            return _inline_metadata(script, lines[position + 1 :])
        annotation = _ANNOTATION.match(line)
        if annotation is None:
            continue
        requirements: list[str] = []
        for name in filter(None, (part.strip() for part in annotation[2].split(","))):
            if name not in files:
                raise MillError(
                    f"{script.file}:{position + 1}: there are no workspace dependencies named {name} "
                    f"(dependencies/{name}.requirements.in)."
                )
            requirements += _requirement_lines(files[name])
        for following in lines[position + 1 :]:
            named = _REQUIREMENT_LINE.fullmatch(following)
            if named is None:
                break
            requirements.append(named[1])
        return _Declared(requirements, scan=bool(annotation[1]))
    if "default" in files:
        return _Declared(_requirement_lines(files["default"]), scan=False)
    return _Declared([], scan=True)


def _inline_metadata(script: Script, lines: list[str]) -> _Declared:
    """Return a `# /// script` block (PEP 723)."""
    block: list[str] = []
    for line in lines:
        if not line.startswith("#") or line.startswith("# ///"):
            break
        block.append(line[1:])
    try:
        metadata = tomllib.loads("\n".join(block))
    except tomllib.TOMLDecodeError as error:
        raise MillError(f"{script.file}: the `# /// script` block is not valid TOML ({error}).") from error
    python = [str(metadata["requires-python"])] if "requires-python" in metadata else []
    return _Declared([str(text) for text in metadata.get("dependencies", ())], scan=False, python=python)


def _requirement_lines(text: str) -> list[str]:
    lines = (line.split(" #")[0].strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


@dataclass(frozen=True, slots=True)
class _Imported:
    """What the imports of one module name: packages, and modules of the workspace."""

    packages: tuple[_Found, ...]
    modules: tuple[str, ...]


@functools.lru_cache(maxsize=4096)  # a module of the workspace is reached from dozens of scripts
def _imports(script: Script) -> _Imported:
    """Return what the imports Windmill sees name."""
    seen: list[_Found] = []
    modules: list[str] = []
    source = visible_source(script)
    lines = source.splitlines()
    for statement in parse(script, source).body:
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        names = _module_names(statement, script.path)
        pin = _pin(statement, lines)
        if pin is not None and not (isinstance(statement, ast.ImportFrom) and statement.level):
            kind, text = pin
            _check_pin(script, source, statement)
            seen.append(_Found(0 if kind == "repin" else 1, names[0], (text,)))
            continue
        for name in names:
            if "/" in name:
                modules.append(name)
            elif (found := _guess(script, statement, name)) is not None:
                seen.append(found)
    return _Imported(tuple(sorted(seen, key=lambda entry: (entry.rank, entry.key))), tuple(sorted(modules)))


def _guess(script: Script, statement: ast.Import | ast.ImportFrom, module: str) -> _Found | None:
    is_namespace = module == "google" and isinstance(statement, ast.ImportFrom)
    right = trap(f"{module}.{statement.names[0].name}" if is_namespace else module)
    if right is not None:
        raise MillError(
            f"{script.file}:{statement.lineno}: Windmill would install a package called "
            f"{package_of(module)} for this import; write the right one behind it: "
            f"`{ast.unparse(statement)}  # pin: {right}`."
        )
    package = package_of(module)
    if package in UNKNOWN_TO_WINDMILL:
        raise MillError(
            f"{script.file}:{statement.lineno}: Windmill does not know that {module} belongs to Python and "
            "would look for a package of that name: import it inside the function that uses it."
        )
    return None if package is None else _Found(2, module if package != module else package, (package,))


def _pin(statement: ast.Import | ast.ImportFrom, lines: list[str]) -> tuple[str, str] | None:
    last = lines[(statement.end_lineno or statement.lineno) - 1].encode()
    comment = _PIN.search(last[statement.end_col_offset or 0 :].decode())
    return None if comment is None else (comment[1], comment[2])


def _check_pin(script: Script, source: str, statement: ast.stmt) -> None:
    """Windmill looks for a pin at a byte offset counted in characters: one é above it and the pin is lost."""
    above = "\n".join(source.splitlines()[: statement.end_lineno])
    if not above.isascii():
        raise MillError(
            f"{script.file}:{statement.lineno}: Windmill does not find a `# pin:` below a character that is "
            "not ASCII: move this import above it."
        )


def _module_names(statement: ast.Import | ast.ImportFrom, path: str) -> list[str]:
    """Module names; those of the workspace as paths (`f/folder/module`)."""
    if isinstance(statement, ast.Import):
        return [_workspace_path(alias.name) for alias in statement.names]
    module = statement.module or ""
    if statement.level:
        base = path.split("/")[: -statement.level]
        return ["/".join([*base, *filter(None, module.split("."))])]
    return [_workspace_path(module)]


def _workspace_path(module: str) -> str:
    return module.replace(".", "/") if module.startswith(("f.", "u.")) else module


def visible_source(script: Script) -> str:
    """Return the part of a script whose imports Windmill reads: all above main and above main's decorator."""
    match = MAIN.search(script.code)
    if match is None:
        return script.code
    lines = script.code[: match.start()].splitlines(keepends=True)
    return "".join(lines[:-1] if lines and lines[-1].startswith("@") else lines)


def parse(script: Script, source: str | None = None) -> ast.Module:
    """Return the syntax tree; MillError with file and line where it is not Python."""
    try:
        return parse_python(script.code if source is None else source)
    except SyntaxError as error:
        raise MillError(f"{script.file}:{error.lineno}:{error.offset}: {explain(error)}.") from error


def _bare(requirement: str) -> str:
    match = _NAME.match(requirement)
    return match[0] if match else requirement


def _merge(found: dict[str, _Found], entry: _Found) -> None:
    known = found.get(entry.key)
    if known is None or entry.rank < known.rank:
        found[entry.key] = entry
    elif entry.rank == known.rank == 1:
        texts = tuple(dict.fromkeys((*known.texts, *entry.texts)))
        found[entry.key] = _Found(1, entry.key, texts)
