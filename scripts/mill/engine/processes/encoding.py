"""How Windmill hands arguments to Python and takes results. Imported by every worker: keep it light."""

from __future__ import annotations

import base64
import json
import re
import traceback
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from mill.engine.definition.signature import Signature

STREAM_PREFIX = "WM_STREAM: "
_DATE_FORMATS = ("%d-%m-%Y", "%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d")
_NOT_STREAMED = (str, bytes, dict, list, tuple, set, frozenset, range)
_NOT_JSON = re.compile(r'"(?:[^"\\]|\\.)*"|-?Infinity|NaN')
_NUL = re.compile(r"((?:^|[^\\])(?:\\\\)*)\\u0000")


def decode_arguments(args: Mapping[str, Any], signature: Signature) -> dict[str, Any]:
    """Return the arguments with bytes, datetime and date made out of their JSON text.

    Raises ValueError (as on Windmill: before the script begins) for base64 or a datetime that is broken.
    """
    decoded = dict(args)
    for parameter in signature.parameters:
        value = decoded.get(parameter.name)
        if value is not None and parameter.decode:
            decoded[parameter.name] = _DECODERS[parameter.decode](value)
    return decoded


def choose_arguments(decoded: Mapping[str, Any], signature: Signature) -> dict[str, Any]:
    """Return what the function is called with: no unknown arguments, None or the default for missing."""
    if signature.takes_anything:
        return dict(decoded)
    chosen = {}
    for parameter in signature.parameters:
        value = decoded.get(parameter.name)
        if value is not None or not parameter.default_seen:
            chosen[parameter.name] = value
    return chosen


def _decode_date(value: Any) -> Any:
    try:
        return date.fromisoformat(value)
    except ValueError:
        pass
    for form in _DATE_FORMATS:
        try:
            return datetime.strptime(value, form).date()  # noqa: DTZ007 - a calendar date has no zone
        except ValueError:
            continue
    return value


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "bytes": base64.b64decode,
    "datetime": datetime.fromisoformat,
    "date": _decode_date,
}


def is_streamed(result: Any) -> bool:
    """Return whether Windmill iterates the result and prints its items instead of returning it."""
    return (
        hasattr(result, "__iter__")
        and not isinstance(result, _NOT_STREAMED)
        and type(result).__name__ != "DataFrame"
    )


def stream(result: Any) -> None:
    """Print each item as Windmill's wrapper does; an item that is not a string raises."""
    for chunk in result:
        print(STREAM_PREFIX + chunk.replace("\n", "\\n"))  # noqa: T201 - stdout is the protocol


def encode_result(result: Any) -> str:
    """Return the result as JSON: `str` for what JSON has no word for, NaN and Infinity null, NUL ` null `."""
    text = json.dumps(_plain(result), separators=(",", ":"), default=str)
    if "NaN" in text or "Infinity" in text:
        text = _NOT_JSON.sub(lambda match: match[0] if match[0].startswith('"') else "null", text)
    while "\\u0000" in text and (cleaned := _NUL.sub(r"\1 null ", text)) != text:
        text = cleaned
    return text


def _plain(result: Any) -> Any:
    """Bytes become base64, but only at the top or as a direct value of a plain dict."""
    kind = type(result)
    if kind is bytes:
        return base64.b64encode(result).decode("ascii")
    if kind is dict:
        return {key: _plain(value) if type(value) is bytes else value for key, value in result.items()}
    if kind.__name__ == "DataFrame":
        return result.values.tolist() if kind.__module__.startswith("pandas") else result.rows()
    return result


def encode_exception(error: BaseException, step_id: str, skip_frames: int) -> str:
    """Return Windmill's error object; `skip_frames` leading frames are ours and not the script's."""
    frames = traceback.format_tb(error.__traceback__)[skip_frames:]
    described = {"message": str(error), "name": type(error).__name__, "stack": "\n".join(frames)}
    extra = {key: value for key, value in vars(error).items() if key != "__notes__"}
    if extra:
        described["extra"] = extra  # type: ignore[assignment]  # the one member that is not text
    if step_id:
        described["step_id"] = step_id
    return encode_result(described)
