"""How many examples a property is tried with."""

from __future__ import annotations

import os

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "same")
_SHARE = 5  # of the examples, one in so many is in a sample


def at_most(examples: int) -> int:
    """Return how many examples a property that deserves `examples` of them is tried with in this run.

    All of them, save under HYPOTHESIS_PROFILE=sample, which `make test` sets: `make test-slow` tries all.
    """
    return max(examples // _SHARE, 10) if PROFILE == "sample" else examples
