"""Makes the checks of one API, one after another, and writes down what came of each.

The only module here that does I/O. Its calls obey the limits and the breaker of the jobs that work with the
account; those with a wrong credential share nothing with them.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from f.connect.errors import ConnectError
from f.connect.times import REAL
from f.operate.testing.plans import break_credential, plan
from f.operate.testing.verdicts import CheckResult, sent_as
from f.store.stores import memory_store

if TYPE_CHECKING:
    from f.connect.calls.message import Request, Response
    from f.connect.client import Client
    from f.operate.services.service import Service
    from f.operate.testing.plans import Wishes
    from f.operate.testing.verdicts import Check, Verdict
    from f.store.store import Store


class Remains:
    """What checks have left at the service."""

    def __init__(self) -> None:
        self.sentences: list[str] = []


def run_checks(
    service: Service, resource: Mapping[str, Any], store: Store, wishes: Wishes, remains: Remains
) -> Iterator[CheckResult]:
    """Yield the result of each check as it is made.

    FixSettings, before anything is sent, for a resource that is not filled in.
    """
    canary = _canary(service, resource)
    with ExitStack() as stack:
        client = stack.enter_context(service.client_of(resource, store))
        other: Client | None = None
        for check in plan(service, resource, canary, wishes, secrets.token_hex(4), REAL.now):
            if check.broken and other is None:
                broken = service.client_of(break_credential(resource), memory_store())
                other = stack.enter_context(broken)
            yield _made(check, other if check.broken and other else client, remains)


def _canary(service: Service, resource: Mapping[str, Any]) -> Request | None:
    try:
        return service.canary(resource)
    except ConnectError as error:
        if error.code != "not_tried":
            raise
        return None


def _made(check: Check, client: Client, remains: Remains) -> CheckResult:
    sent: list[str] = []
    began = time.perf_counter()
    verdict = _carried_out(check, client, sent)
    if verdict.remains:
        remains.sentences.append(verdict.remains)
    return CheckResult(
        group=check.group,
        name=check.name,
        outcome=verdict.outcome,
        sent=sent,
        expected=check.expects,
        found=verdict.found,
        milliseconds=round((time.perf_counter() - began) * 1000, 1) if sent else 0.0,
    )


def _carried_out(check: Check, client: Client, sent: list[str]) -> Verdict:
    steps = check.steps()
    try:
        request = next(steps)
        while True:
            sent.append(sent_as(request))
            request = steps.send(_answer(client, request))
    except StopIteration as done:
        verdict: Verdict = done.value
        return verdict


def _answer(client: Client, request: Request) -> Response | ConnectError:
    try:
        return client.request(request)
    except ConnectError as error:
        return error
