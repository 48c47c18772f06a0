"""Whether another job has ended, by Windmill's word: sooner known than that its lease is over."""

from f.connect.errors import TryLater
from f.connect.times import REAL, Clock
from f.records.inbox.file_store import Platform

_ASK_AGAIN_SECONDS = 10.0


class JobEnds:
    """Asks Windmill when it is asked itself, of the same job once in a while. Nobody's job has not ended."""

    def __init__(self, clock: Clock = REAL) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, bool]] = {}

    def __call__(self, job: str) -> bool:
        """Whether Windmill knows the job and it is over."""
        at, ended = self._known.get(job, (float("-inf"), False))
        if not ended and self._clock.ticks() - at > _ASK_AGAIN_SECONDS:
            ended = _has_ended(job)
            self._known[job] = (self._clock.ticks(), ended)
        return ended


def _has_ended(job: str) -> bool:
    try:
        with Platform() as platform:
            return platform.is_running(job) is False
    except TryLater:  # then the lease decides
        return False
