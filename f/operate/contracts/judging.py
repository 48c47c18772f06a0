"""What has changed of a service, by what was expected, what was remembered and what is seen now. Pure.

    expected (our code)  --.
    remembered (store)   --+--> findings: each says which call, what, how it was, how it is now, how bad it is
    seen now             --'

A lost field or another type is bad (`error`) where our code reads it, and a warning elsewhere. What is new is
never a finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypedDict

from f.operate.contracts.expectations import TITLES, VERSIONS
from f.operate.contracts.shapes import ABSENT, changes_since, differences, learn

if TYPE_CHECKING:
    from f.operate.contracts.expectations import Contract, Expectation
    from f.operate.contracts.notices import Notice
    from f.operate.contracts.shapes import Difference, Shape

Severity = Literal["warning", "error"]

_NOT_NOW = frozenset({401, 403, 407, 408, 425, 429})  # about the credential or the hour, not about the API
_NEARLY_GONE = 3  # so many of the oldest versions offered are the next to be retired


class Finding(TypedDict):
    """One change. `read_by_us`: whether our code relies on it; `since`: when it was first seen, ISO."""

    call: str
    what: str
    was: str
    now: str
    severity: Severity
    read_by_us: bool
    since: str
    link: str


@dataclass(frozen=True, slots=True)
class Seen:
    """One answer, without a value of anybody. `versions`: those that it lists, oldest first."""

    call: str
    status: int
    shape: Shape
    version: str = ""
    notices: Sequence[Notice] = ()
    versions: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Sight:
    """What is remembered of a call. `changed_at`: since when it differs; 0 if it does not."""

    status: int
    shape: Shape = field(default_factory=dict)
    version: str = ""
    first_at: float = 0.0
    changed_at: float = 0.0


def is_about_now(status: int) -> bool:
    """Return whether a status says nothing of the API: the credential is refused, or the service is busy."""
    return status in _NOT_NOW or status >= 500


def findings_of(
    expected: Expectation, contract: Contract, seen: Seen, remembered: Sight | None, own_version: str = ""
) -> list[Finding]:
    """Return what of one answer is not as it was, or not as our code needs it; the worst first."""
    found = [*_status(expected, seen, remembered)]
    if not found:  # the shape of another status is another shape
        found += _shape(expected, seen, remembered)
    found += _version(contract, seen, remembered)
    found += _retired(seen, own_version)
    found += [_announced(seen.call, notice) for notice in seen.notices]
    return sorted(found, key=lambda one: one["severity"] != "error")


def next_sight(seen: Seen, remembered: Sight | None, changed: bool, now: float) -> Sight:
    """Return what to remember after this answer. What has changed stays as it was until it is accepted."""
    if remembered is None:
        return Sight(seen.status, seen.shape, seen.version, now, now if changed else 0.0)
    since = (remembered.changed_at or now) if changed else 0.0
    if seen.status != remembered.status:
        return Sight(remembered.status, remembered.shape, remembered.version, remembered.first_at, since)
    lost = [one.path for one in changes_since(remembered.shape, seen.shape)]
    shape = learn(remembered.shape, seen.shape, lost)
    return Sight(seen.status, shape, remembered.version or seen.version, remembered.first_at, since)


def sentence(finding: Finding) -> str:
    """Return a finding as a sentence for a person."""
    if not finding["was"] and not finding["now"]:
        return f"{_capital(finding['what'])} ({finding['call']})."
    change = f": it was {finding['was'] or 'not there'}, it is {finding['now'] or 'not there'}"
    needs = " Our code reads it." if finding["read_by_us"] else ""
    return f"{_capital(finding['what'])} of {finding['call']} changed{change}.{needs}"


def _status(expected: Expectation, seen: Seen, remembered: Sight | None) -> Iterable[Finding]:
    if expected.statuses:
        if seen.status not in expected.statuses:
            was = " or ".join(map(str, sorted(expected.statuses)))
            yield _finding(seen.call, "the status", was, str(seen.status), "error", read_by_us=True)
    elif remembered is not None and seen.status != remembered.status:
        yield _finding(seen.call, "the status", str(remembered.status), str(seen.status), "warning")


def _shape(expected: Expectation, seen: Seen, remembered: Sight | None) -> Iterable[Finding]:
    needed = differences(expected.shape, seen.shape)
    yield from (_of_field(seen.call, one, "error", read_by_us=True) for one in needed)
    known = {one.path for one in needed}
    if remembered is not None and seen.status == remembered.status:
        for one in changes_since(remembered.shape, seen.shape):
            if one.path not in known:
                yield _of_field(seen.call, one, "warning", read_by_us=False)


def _version(contract: Contract, seen: Seen, remembered: Sight | None) -> Iterable[Finding]:
    if not seen.version:
        return
    if contract.version:
        if seen.version != contract.version:
            yield _finding(
                seen.call, "the API version", contract.version, seen.version, "error", read_by_us=True
            )
    elif remembered is not None and remembered.version and remembered.version != seen.version:
        yield _finding(seen.call, "the API version", remembered.version, seen.version, "warning")


def _retired(seen: Seen, own: str) -> Iterable[Finding]:
    if seen.call != VERSIONS or not seen.versions or not own:
        return
    if own not in seen.versions:
        what = f"version {own} of the API is not offered any more"
        yield _finding(seen.call, what, "", "", "error", read_by_us=True)
    elif seen.versions.index(own) < min(_NEARLY_GONE, len(seen.versions) - 1):
        what = (
            f"version {own} of the API is among the oldest {_NEARLY_GONE} still offered: move to a newer one"
        )
        yield _finding(seen.call, what, "", "", "warning", read_by_us=True)


def _announced(call: str, notice: Notice) -> Finding:
    finding = _finding(call, notice.text.rstrip("."), "", "", "error" if notice.urgent else "warning")
    finding["link"] = notice.link
    return finding


def _of_field(call: str, one: Difference, severity: Severity, *, read_by_us: bool) -> Finding:
    what = f"the field {one.path}" if one.path else "the whole"
    return _finding(call, what, _words(one.was), _words(one.now), severity, read_by_us=read_by_us)


def _words(types: str) -> str:
    """Return types in words; "" for what is not there."""
    kinds = [one for one in types.split("|") if one != ABSENT]
    words = " or ".join(kinds)
    return f"{words}, but not always there" if kinds and len(kinds) < len(types.split("|")) else words


def _finding(
    call: str, what: str, was: str, now: str, severity: Severity, *, read_by_us: bool = False
) -> Finding:
    return Finding(
        call=TITLES[call],
        what=what,
        was=was,
        now=now,
        severity=severity,
        read_by_us=read_by_us,
        since="",
        link="",
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def severity_of(findings: Iterable[Mapping[str, object]]) -> Severity:
    """Return how bad the worst is."""
    return "error" if any(one["severity"] == "error" for one in findings) else "warning"
