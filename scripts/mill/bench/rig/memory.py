"""How much memory processes take, watched from outside. Linux tells; elsewhere nothing is known."""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

_EVERY = 0.2  # seconds
_PROC = Path("/proc")


@contextlib.contextmanager
def watched(root: int) -> Iterator[dict[int, float]]:
    """Yield the peaks (MB, resident) of a process and of all that come from it, by process id.

    Complete when the block is left. What a process shares with the one it was forked from counts for both.
    """
    peaks: dict[int, float] = {}
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_EVERY):
            for process in _family(root):
                # The system keeps each one's peak: only those that lived shorter than a look are missed.
                peaks[process] = max(peaks.get(process, 0.0), _peak(process))

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield peaks
    finally:
        done.set()
        watching.join()


def _family(root: int) -> list[int]:
    children: dict[int, list[int]] = defaultdict(list)
    for folder in _PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            after_name = (folder / "stat").read_text().rpartition(")")[2].split()
            children[int(after_name[1])].append(int(folder.name))
    found = [root] if (_PROC / str(root)).is_dir() else []
    for process in found:  # grows while it is gone through
        found += children[process]
    return found


def _peak(process: int) -> float:
    with contextlib.suppress(OSError):
        for line in (_PROC / str(process) / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) / 1000, 1)
    return 0.0
