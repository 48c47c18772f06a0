"""Forks children that end at once, and says what each takes: no step in a process of its own takes less.

The interpreter is as warm as the one that steps are forked from. A line of JSON on stdin, `[count, at once]`,
is answered by one on stdout: milliseconds a fork.
"""

import json
import os
import sys
import time

from mill.engine.processes.zygote import preload


def fork(count: int, at_once: int) -> float:
    """Fork so many, and wait for each; at most so many live at a time."""
    began = time.perf_counter()
    living = 0
    for _ in range(count):
        if os.fork() == 0:
            os._exit(0)
        living += 1
        if living == at_once:
            os.wait()
            living -= 1
    for _ in range(living):
        os.wait()
    return (time.perf_counter() - began) * 1000 / count


if __name__ == "__main__":
    preload()
    for line in sys.stdin:
        sys.stdout.write(f"{fork(*json.loads(line))}\n")
        sys.stdout.flush()
