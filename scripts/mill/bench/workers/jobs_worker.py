"""Starts one script as a worker of Windmill does: `python -B jobs_worker.py f.folder.script [args.json]`.

The current directory holds that script alone. Each other module of the workspace is fetched by a request of
its own, over a new connection; that a folder is no module takes a request too. With a file of arguments main
runs to its end. Prints what was loaded.
"""

from __future__ import annotations

# What Windmill's wrapper imports for every job, an empty one too.
import importlib
import json
import os
import re  # noqa: F401 - see above
import sys
import traceback  # noqa: F401 - see above
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import ModuleType

_AREAS = ("f", "u")
_NAME_ALONE = 2  # words of the command, without arguments for main
_AREA_AND_FOLDER = 2  # f and f.folder are never scripts, so nothing is asked for them


class Fetcher(MetaPathFinder):
    """Finds modules of the workspace over HTTP, where no finder before it has found them."""

    def __init__(self) -> None:
        self.requests = self.modules = 0

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return a file that was fetched, or a folder where there is no script of that name."""
        del path, target
        parts = fullname.split(".")
        if parts[0] not in _AREAS:
            return None
        code = self._fetch("/".join(parts)) if len(parts) > _AREA_AND_FOLDER else None
        if code is None:
            return ModuleSpec(fullname, _Folder(), is_package=True)
        self.modules += 1
        file = os.path.join(os.getcwd(), "tmp", *parts) + ".py"  # noqa: PTH109, PTH118 - pathlib costs an import
        os.makedirs(os.path.dirname(file), exist_ok=True)  # noqa: PTH103, PTH120 - as above
        with open(file, "w", encoding="utf-8") as written:  # noqa: PTH123 - as above
            written.write(code)
        return ModuleSpec(fullname, SourceFileLoader(fullname, file))

    def _fetch(self, path: str) -> str | None:
        import urllib.error  # noqa: PLC0415 - paid by scripts that import something, not by an empty one
        import urllib.request  # noqa: PLC0415 - as above

        self.requests += 1
        url = f"{os.environ['BASE_INTERNAL_URL']}/api/w/{os.environ['WM_WORKSPACE']}/scripts/raw/p/{path}.py"
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {os.environ['WM_TOKEN']}"})  # noqa: S310 - loopback
        try:
            with urllib.request.urlopen(request) as reply:  # noqa: S310 - as above
                text: str = reply.read().decode("utf-8")
                return text
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise


class _Folder(Loader):
    """A folder: a module with nothing in it."""

    def create_module(self, spec: ModuleSpec) -> None:
        """As Python makes it."""

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is in it."""


def main() -> None:
    """Import the script and print which modules that loaded."""
    name = sys.argv[1]
    sys.path[0] = os.getcwd()  # noqa: PTH109 - as above
    fetcher = Fetcher()
    sys.meta_path.append(fetcher)
    script = importlib.import_module(name)
    assert callable(script.main)
    if len(sys.argv) > _NAME_ALONE:
        with open(sys.argv[2], encoding="utf-8") as args:  # noqa: PTH123 - as above
            given = json.load(args)
        json.dumps(script.main(**given), default=str)
    sys.stdout.write(
        "\n" + json.dumps({"ours": fetcher.modules, "all": len(sys.modules), "requests": fetcher.requests})
    )


if __name__ == "__main__":
    main()
