"""An API that has changed since our code was written: fields gone or of another type, headers that say so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from mill.twins.message import Reply

HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}$")]
HeaderValue = Annotated[str, Field(pattern=r"^[\t\x20-\x7e\x80-\xff]*$", max_length=16_384)]
FieldPath = Annotated[str, Field(pattern=r"^[^.\[\]]+(\[\])*(\.[^.\[\]]+(\[\])*)*$|^\[\].*$", max_length=500)]

_ELEMENT = "[]"


class Changed(BaseModel):
    """What every JSON reply of a twin meets, whatever its status.

    A path is `error.message` or `data[].email`; `[]` stands for each element of a list. `as_text`: fields
    whose value comes as text, as an id that was a number. `headers`: such as Sunset and Deprecation.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    lost_fields: tuple[FieldPath, ...] = ()
    as_text: tuple[FieldPath, ...] = ()
    headers: dict[HeaderName, HeaderValue] = {}

    def apply(self, reply: Reply) -> Reply:
        """Return the reply as the changed API would give it."""
        body = reply.body
        if isinstance(body, dict | list):
            for path in self.lost_fields:
                body = _changed(body, _steps(path), lambda owner, name: owner.pop(name, None))
            for path in self.as_text:
                body = _changed(body, _steps(path), _to_text)
        return replace(reply, body=body, headers={**reply.headers, **self.headers})


def _steps(path: str) -> list[str]:
    return [step for step in path.replace(_ELEMENT, f".{_ELEMENT}").split(".") if step]


def _changed(value: Any, steps: Sequence[str], change: Callable[[dict[str, Any], str], object]) -> Any:
    """Return a copy of a value in which the owner of the last step was changed."""
    step, *rest = steps
    if step == _ELEMENT:
        return (
            [_changed(one, rest, change) if rest else one for one in value]
            if isinstance(value, list)
            else value
        )
    if not isinstance(value, dict) or step not in value:
        return value
    copy = dict(value)
    if rest:
        copy[step] = _changed(copy[step], rest, change)
    else:
        change(copy, step)
    return copy


def _to_text(owner: dict[str, Any], name: str) -> None:
    owner[name] = str(owner[name])
