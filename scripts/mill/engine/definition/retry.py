"""How often and how long after a failure Windmill runs a step again. Pure: facts in, seconds out."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

MAX_WAIT = 6 * 3600
MAX_RETRIES = 1000
_U16 = 65_535


@dataclass(frozen=True, slots=True)
class Retry:
    """A step's `retry` setting. Constant attempts come first; seconds are whole."""

    constant_attempts: int = 0
    constant_seconds: int = 0
    exponential_attempts: int = 0
    exponential_seconds: int = 1
    multiplier: int = 1
    random_factor: int = 0
    retry_if: str | None = None

    @property
    def attempts(self) -> int:
        """Retries in all."""
        return self.constant_attempts + self.exponential_attempts


def seconds_until_retry(
    retry: Retry, failures: int, randint: Callable[[int, int], int] = random.randint
) -> int | None:
    """Return the seconds to wait before the next run after `failures` earlier retries; None to give up.

    Windmill computes in 16-bit numbers: an exponential wait is `multiplier * seconds ** n`, n
    counting every retry from 1, the constant ones too. It does not double, whatever the field
    is called. The random factor moves the wait by up to that many per cent, either way.
    """
    if failures > MAX_RETRIES:
        return None
    if failures < retry.constant_attempts:
        return min(retry.constant_seconds, MAX_WAIT)
    if failures - retry.constant_attempts >= retry.exponential_attempts:
        return None
    wait = min(retry.multiplier * min(int(retry.exponential_seconds ** (failures + 1)), _U16), _U16)
    if retry.random_factor > 0:
        percent = randint(0, min(retry.random_factor, 100) - 1)
        wait += wait * percent // 100 * (1 if randint(0, 1) else -1)
    return min(wait, MAX_WAIT)
