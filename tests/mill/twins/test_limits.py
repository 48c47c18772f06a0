from __future__ import annotations

from dataclasses import dataclass

from mill.twins.limits import RollingWindow


@dataclass
class Clock:
    now: float = 0.0


def test_a_rolling_window_admits_as_many_as_its_limit_in_any_stretch_of_its_length() -> None:
    clock = Clock()
    window = RollingWindow(2, 10, lambda: clock.now)

    def admitted_at(now: float) -> bool:
        clock.now = now
        return window.admit()

    times = (0.0, 4.0, 5.0, 9.9, 10.0, 13.9, 14.0, 14.1)
    assert [now for now in times if admitted_at(now)] == [0.0, 4.0, 10.0, 14.0]


def test_it_tells_what_remains_and_how_long_to_wait() -> None:
    clock = Clock()
    window = RollingWindow(2, 10, lambda: clock.now)
    assert (window.remaining, window.wait) == (2, 0.0)
    window.admit()
    clock.now = 4.0
    window.admit()
    assert (window.remaining, window.wait) == (0, 6.0)
