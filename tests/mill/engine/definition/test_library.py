from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mill.engine.definition.library import Library
from mill.repository.workspace import Workspace


def test_jobs_of_the_same_code_that_start_together_all_find_it_whole(tmp_path: Path) -> None:
    library, together = Library(Workspace(tmp_path), tmp_path / "inline"), threading.Barrier(4)

    def start(number: int) -> bool:
        code = f"{'# ' + 'x' * 4_000_000}\ndef main(a{number}):\n    return 1\n"
        together.wait()
        return "main" in library.inline(code, None, "f/demo/step").signatures

    with ThreadPoolExecutor(4) as pool:
        found = [list(pool.map(start, [number] * 4)) for number in range(6)]
    assert found == [[True] * 4] * 6
