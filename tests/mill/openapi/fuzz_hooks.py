"""What schemathesis cannot know: how providers of webhooks sign. Each second request to them is signed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import requests
import schemathesis
from requests.auth import AuthBase
from ruamel.yaml import YAML

from mill.senders.signing import KINDS, sign

_MOCK = Path(__file__).parents[3] / "resources" / "mock" / "f" / "webhooks"
_ROUTE = "/webhooks/"
_turn = 0


class Signed(AuthBase):
    """Signs the very bytes that go out, as the kind of source that the path names."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        kind = str(request.path_url).partition("?")[0].rpartition("/")[2]
        known = next((one for one in KINDS if one == kind), None)
        if known is None:
            return request
        body = request.body or b""
        headers = sign(
            known,
            _read(kind, "variable", "_secret")["value"],
            body.encode() if isinstance(body, str) else bytes(body),
            now=time.time(),
            url=_read(kind, "resource").get("value", {}).get("url", ""),
            event_id=f"msg_{time.time_ns()}",
            content_type=str(request.headers.get("Content-Type", "")).partition(";")[0],
        )
        request.headers.update(headers)
        return request


def _read(kind: str, what: str, ending: str = "") -> Any:
    return YAML(typ="safe").load((_MOCK / f"{kind}{ending}.{what}.yaml").read_text("utf-8"))


@schemathesis.hook
def before_call(
    context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]
) -> None:
    global _turn  # noqa: PLW0603 - one process, one fuzzer
    if _ROUTE not in case.operation.path or case.method.upper() != "POST":
        return
    _turn += 1
    if _turn % 2 == 0:
        return
    kind = KINDS[_turn // 2 % len(KINDS)]
    case.path_parameters = {"provider": kind}
    kwargs["auth"] = Signed()
