"""Lives of receivers and jobs that may be killed or stopped: `python webhook_worker.py receiver|jobs`.

Forking what is imported already makes a life start in milliseconds. The parent alone kills and reaps its
children, so no signal ever meets a stranger that got the same process id. Ends with its input.

`receiver`: one life after the other takes requests on one socket, whose port is printed first. `jobs`:
{"life", "job", "path", "args"} runs a script in a life of its own, which leaves its result in
<folder>/<life>.json. The present receiver is life 0.

{"kill": life} kills it: {"what": "ended", "life", "killed"} says when any is over. {"stop": life, "seconds"}
stops it: {"what": "silent", "life"} says when its leases have run out, "continued" when it goes on, and
"missed" where nothing came of it.
"""

from __future__ import annotations

import ctypes
import http.client
import json
import math
import mmap
import os
import random
import select
import signal
import socket
import sys
import threading
import time
import traceback
import urllib.request
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import f.store.postgres_store  # noqa: F401 - else every life would spend its first tenth importing psycopg
from f.connect.errors import OutcomeUnknown, TryLater
from f.store import once
from f.store.once import Attempt, Candidate, OneTimeWrite, send_once
from f.store.stores import open_store
from f.webhooks import dispatch_events, receive_event
from f.webhooks.dispatch import dispatcher, settling
from f.webhooks.inbox.handed import as_sent

# A job that is dead is taken for dead after this time: nobody wants to wait for minutes here.
SHORT_LEASE = 1.5
_LOOK_SECONDS = 0.005
_PARENT_SECONDS = 0.1
_LARGEST = 2 * 1024 * 1024  # what Windmill takes
_FAILING = 0.04  # the share of handlers that fail before their effect, and of those that fail after it
_RECEIVER = 0
_DATABASE = json.loads(os.environ.get("KILLS_DATABASE", "null"))  # a postgresql resource; none: SQLite
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux
_LIBC = ctypes.CDLL(None)


def main() -> None:
    """Serve one of the two."""
    once.LEASE_SECONDS = SHORT_LEASE
    dispatcher.LEASE_SECONDS = SHORT_LEASE
    settling._YOUNG_SECONDS = SHORT_LEASE  # noqa: SLF001 - as above
    if sys.argv[1] == "receiver":
        receivers()
    else:
        jobs(Path(os.environ["KILLS_FOLDER"]))


class Stops:
    """Lives that are stopped, and go on after a while as if nothing had been."""

    def __init__(self) -> None:
        self._stopped: dict[int, tuple[int, float, float]] = {}

    def __contains__(self, pid: int) -> bool:
        return pid in self._stopped

    def begin(self, pid: int, life: int, seconds: float, sending: mmap.mmap | None = None) -> None:
        """Stop a life, but not one that has asked for its permit and is just putting its request out.

        Nothing could hold that request back any more. It is a matter of microseconds, and a lease is one of
        minutes.
        """
        if not stop(pid):
            say({"what": "missed", "life": life})
        elif sending is not None and sending[0]:
            os.kill(pid, signal.SIGCONT)
            say({"what": "missed", "life": life})
        else:
            now = time.monotonic()
            self._stopped[pid] = life, now + SHORT_LEASE, now + seconds

    def look(self) -> None:
        """Tell of those that nobody has heard of for too long, and continue those whose time is over."""
        now = time.monotonic()
        for pid, (life, silent, end) in list(self._stopped.items()):
            if now >= end:
                del self._stopped[pid]
                os.kill(pid, signal.SIGCONT)
                say({"what": "continued", "life": life})
            elif now >= silent:
                self._stopped[pid] = life, math.inf, end
                say({"what": "silent", "life": life})

    def forget(self, pid: int) -> None:
        """Note that a life is over, and that its stop came to nothing if it was stopped."""
        if pid in self._stopped:
            say({"what": "missed", "life": self._stopped.pop(pid)[0]})


def stop(pid: int) -> bool:
    """Stop a process; return whether it was still there to be stopped."""
    os.kill(pid, signal.SIGSTOP)
    state = os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    return state is not None and state.si_code == os.CLD_STOPPED


def receivers() -> None:
    """Keep one receiver alive until the input ends; one that was stopped lives on beside it."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    say({"port": listener.getsockname()[1]})
    lives, stops = [fork(lambda: receive(listener))], Stops()
    try:
        for order in orders():
            if order is not None and "stop" in order:
                stops.begin(lives[-1], _RECEIVER, order["seconds"])
            elif order is not None:
                for pid in [pid for pid in lives if pid not in stops]:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                    lives.remove(pid)
                say({"what": "ended", "life": _RECEIVER, "killed": True})
            stops.look()
            for pid in list(lives):  # it dies by nobody else's hand, and yet
                if os.waitpid(pid, os.WNOHANG)[0]:
                    lives.remove(pid)
                    stops.forget(pid)
            if all(pid in stops for pid in lives):
                lives.append(fork(lambda: receive(listener)))
    finally:
        for pid in lives:
            os.kill(pid, signal.SIGKILL)


def jobs(folder: Path) -> None:
    """Run jobs until the input ends."""
    lives: dict[int, tuple[int, mmap.mmap]] = {}
    stops = Stops()
    try:
        for order in orders():
            if order is not None and "job" in order:
                act = mmap.mmap(-1, 1)  # shared with the life
                lives[order["life"]] = fork(lambda order=order, act=act: run(folder, order, act)), act  # type: ignore[misc]  # bound early, for the loop
            elif order is not None and "stop" in order:
                life = order["stop"]
                if life in lives:
                    stops.begin(lives[life][0], life, order["seconds"], lives[life][1])
                else:
                    say({"what": "missed", "life": life})
            elif order is not None and order["kill"] in lives:
                os.kill(lives[order["kill"]][0], signal.SIGKILL)
            stops.look()
            reap(lives, stops)
    finally:
        for pid, _ in lives.values():
            os.kill(pid, signal.SIGKILL)


def reap(lives: dict[int, tuple[int, mmap.mmap]], stops: Stops) -> None:
    """Tell of the jobs that have ended."""
    for life, (pid, act) in list(lives.items()):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            del lives[life]
            act.close()
            stops.forget(pid)
            say({"what": "ended", "life": life, "killed": os.WIFSIGNALED(status)})


def orders() -> Any:
    """Yield each line of the input, and None now and then."""
    waiting = b""
    while True:
        if not select.select([sys.stdin.fileno()], [], [], _LOOK_SECONDS)[0]:
            yield None
            continue
        read = os.read(sys.stdin.fileno(), 1 << 20)
        if not read:
            return
        *lines, waiting = (waiting + read).split(b"\n")
        for line in lines:
            yield json.loads(line)


def fork(live: Callable[[], object]) -> int:
    """Start a life; it is gone without the parent's cleaning up, and with the parent."""
    parent, pid = os.getpid(), os.fork()
    if pid:
        return pid
    status = 1
    try:
        if sys.platform == "linux":  # a thread cannot end a life that is stopped
            _LIBC.prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        threading.Thread(target=die_with, args=(parent,), daemon=True).start()
        random.seed(os.getpid())
        os.dup2(os.open(os.environ["KILLS_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT), 1)
        live()
        status = 0
    except Exception:  # noqa: BLE001 - it would go unseen: nothing comes after the end of a life
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def die_with(parent: int) -> None:
    """End as soon as the parent is gone: it may be killed, and cannot end its children then."""
    while os.getppid() == parent:
        time.sleep(_PARENT_SECONDS)
    os._exit(1)


# --- the receiver ---------------------------------------------------------------------------------


def receive(listener: socket.socket) -> None:
    """Take requests as the route does, each in a thread, until killed."""
    server = ThreadingHTTPServer(listener.getsockname(), Route, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a sender that was killed is no news
    server.serve_forever()


class Route(BaseHTTPRequestHandler):
    """POST /webhooks/<name>, as Windmill hands it on: preprocessor, main, and its reply."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer one request."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > _LARGEST:
            self.close_connection = True
            self._say(413, "text/plain", "")
            return
        event = {
            "kind": "http",
            "path": self.path.partition("?")[0],
            "method": "post",
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "raw_string": self.rfile.read(length).decode("utf-8"),
        }
        if os.environ.get("KILLS_CONTROL") == "answer-first":
            self._say(200, "text/plain", "")
            self.wfile.flush()
            time.sleep(0.05)
            answer(event)
            return
        reply = answer(event)
        self._say(reply["windmill_status_code"], reply["windmill_content_type"], reply["result"])

    def _say(self, status: int, content_type: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the sender's ledger says it."""


def answer(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the script answers."""
    return receive_event.main(**receive_event.preprocessor(dict(event)), database=_DATABASE)


# --- jobs -----------------------------------------------------------------------------------------


def run(folder: Path, order: Mapping[str, Any], sending: mmap.mmap) -> None:
    """Run one script and leave its result, whole or not at all."""
    os.environ |= {"WM_JOB_ID": order["job"], "WM_JOB_PATH": order["path"]}
    Sending.mark = sending
    try:
        ended = {"success": True, "result": SCRIPTS[order["path"]](**order["args"])}
    except Exception as error:  # noqa: BLE001 - as a worker, which makes a result of every error
        fields = {"name": type(error).__name__, "message": str(error)}
        ended = {"success": False, "result": {"error": fields}}
        if order["path"] == "f/webhooks/dispatch_events":
            print(f"dispatcher: {fields}", flush=True)  # noqa: T201 - the log of a run that goes wrong
    draft = folder / f"{order['life']}.new"
    draft.write_text(json.dumps(ended), "utf-8")
    draft.replace(folder / f"{order['life']}.json")


def tell(event: dict[str, Any]) -> None:
    """Have the effect of one event."""
    have_effects("tell", [event])


def note(events: list[dict[str, Any]]) -> None:
    """Have the effects of many."""
    have_effects("note", events)


def have_effects(what: str, events: list[dict[str, Any]]) -> None:
    """Have one effect an event, each once; sometimes fail before or after."""
    with open_store(_DATABASE, "effects") as store:
        for event in events:
            key = f"{what}:{effect_in(as_sent(event))}"  # type: ignore[arg-type]  # as the dispatcher hands it
            maybe_fail()
            if os.environ.get("KILLS_CONTROL") == "no-once":
                have(key, None)
            else:
                write = OneTimeWrite(
                    lambda attempt, key=key: have(key, attempt),  # type: ignore[misc]  # bound early, for the loop
                    lambda _attempt, key=key: had(key),  # type: ignore[misc]  # as above
                )
                send_once(store, key, write)
            maybe_fail()


def maybe_fail() -> None:
    """Fail now and then, as handlers do."""
    if random.random() < _FAILING:  # noqa: S311 - no secret
        raise TryLater("The handler's service is busy.")


class Sending:
    """Says, to the parent as well, that a request is just going out."""

    mark: mmap.mmap

    def __enter__(self) -> None:
        self.mark[0] = 1

    def __exit__(self, *_: object) -> None:
        self.mark[0] = 0


def have(key: str, attempt: Attempt | None) -> str:
    """Have an effect; OutcomeUnknown where the answer proves nothing, TryLater if the lease is lost."""
    where = urlsplit(address(key))
    connection = http.client.HTTPConnection(where.netloc, timeout=5)
    try:
        connection.connect()
        with Sending():
            if attempt is not None and os.environ["KILLS_CONTROL"] != "no-permit":
                hold(attempt)
            connection.request("POST", where.path, b"{}")
        with connection.getresponse() as reply:
            return str(json.load(reply)["id"])
    except (OSError, ValueError, KeyError, http.client.HTTPException) as error:
        raise OutcomeUnknown("The service did not say whether the effect was had.") from error
    finally:
        connection.close()


def hold(attempt: Attempt) -> None:
    """Raise TryLater if another job has taken over, as every request that writes does before it goes out."""
    if attempt.permit is not None and not attempt.permit.is_valid():
        attempt.permit.renew()


def had(key: str) -> list[Candidate]:
    """Return the effect if the service has it."""
    try:
        with urllib.request.urlopen(address(key), timeout=5) as reply:  # noqa: S310 - loopback
            return [Candidate(f"{key}#1")] if json.load(reply)["count"] else []
    except (OSError, ValueError) as error:
        raise TryLater("The service cannot be asked.") from error


def address(key: str) -> str:
    """Return where an effect is."""
    return f"{os.environ['KILLS_EFFECTS']}/{quote(key, safe='')}"


def effect_in(body: Any) -> str:
    """Return the effect that the sender wants, wherever its format has put it."""
    if isinstance(body, dict):
        if "effect" in body:
            return str(body["effect"])
        body = list(body.values())
    for one in body if isinstance(body, list) else ():
        if found := effect_in(one):
            return found
    return ""


SCRIPTS: Mapping[str, Callable[..., object]] = {
    "f/webhooks/dispatch_events": dispatch_events.main,
    "f/kills/tell": tell,
    "f/kills/note": note,
}


def say(facts: Mapping[str, Any]) -> None:
    """One line."""
    os.write(1, json.dumps(facts).encode() + b"\n")


if __name__ == "__main__":
    main()
