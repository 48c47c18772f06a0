"""The services of a whole workspace, each checked: several at once, and in bounded time."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

from f.connect.errors import ConnectError, FixInput
from f.operate.services.check import Check, check, sentence_of, unchecked
from f.operate.services.registry import RESOURCE_TYPES, service_of
from f.store.stores import open_store
from f.windmill.values import ListedResource, list_resources, resource_at

if TYPE_CHECKING:
    from f.operate.services.service import Service
    from f.store.store import Store

AT_ONCE = 8
_UNREADABLE = (
    "A variable that it names is missing, or this job may not read it. Make the variable, or ask who owns "
    "the folder."
)


def known_resources(only: Sequence[str] = ()) -> list[ListedResource]:
    """Return the resources whose services are known, by path.

    `only`: paths, folders (f/notify) or resource types; FixInput for one that selects nothing.
    """
    known = sorted(
        (one for one in list_resources() if one.resource_type in RESOURCE_TYPES), key=lambda one: one.path
    )
    wanted = [text.strip().rstrip("/") for text in only if text and text.strip()]
    for word in wanted:
        if not any(_is_meant(one, word) for one in known):
            raise FixInput(
                f"{word!r} names no resource that this job may read and that can be checked. Give a path, a "
                f"folder such as f/notify, or a type: {', '.join(RESOURCE_TYPES)}.",
                code="no_resource",
            )
    return [one for one in known if not wanted or any(_is_meant(one, word) for word in wanted)]


def _is_meant(one: ListedResource, word: str) -> bool:
    return word in (one.path, one.resource_type) or one.path.startswith(f"{word}/")


def check_all(
    resources: Iterable[ListedResource],
    database: Mapping[str, object] | None,
    seconds: float,
    *,
    at_once: int = AT_ONCE,
    read: Callable[[str], Any] = resource_at,
) -> list[Check]:
    """Return a check of each resource, in order. What has no answer within `seconds` is failing."""
    listed = list(resources)
    with _stores(database) as store_for:
        pool = ThreadPoolExecutor(at_once, thread_name_prefix="check")
        try:
            under_way = [pool.submit(_check_one, one, store_for, read) for one in listed]
            wait(under_way, timeout=seconds)
            return [_result(future, one, seconds) for future, one in zip(under_way, listed, strict=True)]
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _check_one(one: ListedResource, store_for: Callable[[str], Store], read: Callable[[str], Any]) -> Check:
    service = _service(one)
    try:
        resource = read(one.path)
        store = store_for(service.purpose)
    except ConnectError as error:
        found = unchecked(service.name, service.title, one.path)
        found["status"], found["detail"], found["code"] = "failing", sentence_of(error), error.code
        if error.code == "no_resource":  # it is listed, so that it is there is known
            found["status"], found["detail"] = "not_set_up", _UNREADABLE
        return found
    return check(service, one.path, resource, store)


def _result(future: Future[Check], one: ListedResource, seconds: float) -> Check:
    if future.done():
        return future.result()
    future.cancel()
    service = _service(one)
    found = unchecked(service.name, service.title, one.path)
    found["status"], found["code"] = "failing", "timeout"
    found["detail"] = (
        f"{service.title} had not answered after {seconds:.0f} s, the time for all checks. Check it alone, "
        "or give more seconds."
    )
    return found


def _service(one: ListedResource) -> Service:
    service = service_of(one.resource_type)
    assert service is not None, "only known types are listed"
    return service


@contextlib.contextmanager
def _stores(database: Mapping[str, object] | None) -> Iterator[Callable[[str], Store]]:
    """Open each store once, when the first service asks for it."""
    opened: dict[str, Store] = {}
    lock = threading.Lock()
    with contextlib.ExitStack() as stack:

        def store_for(purpose: str) -> Store:
            with lock:
                if purpose not in opened:
                    opened[purpose] = stack.enter_context(open_store(database, purpose))
                return opened[purpose]

        yield store_for
