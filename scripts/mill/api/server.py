"""The loopback stand-in of the Windmill API: a server on 127.0.0.1 for the time of a `with` block."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from starlette.routing import Route
from starlette.types import ASGIApp

from mill.admission import Admission
from mill.api.app import USER, Application, exceptions
from mill.api.endpoints.approvals import ApprovalsApi
from mill.api.endpoints.deploy_api import DeployApi
from mill.api.endpoints.jobs_api import JobsApi
from mill.api.endpoints.objects_api import ObjectsApi
from mill.api.endpoints.routes_api import RoutesApi, has_token
from mill.api.endpoints.run_api import RunApi
from mill.api.endpoints.scripts_api import ScriptsApi
from mill.api.endpoints.triggers import HttpTrigger, RouteTable, load_triggers
from mill.api.endpoints.values_api import ValuesApi
from mill.api.endpoints.waiting import Waiter
from mill.api.storage.data_tables import DataTables, servers_in
from mill.api.storage.database import Database
from mill.api.storage.objects import Objects
from mill.api.storage.templates import Templates
from mill.api.storage.values import Values, read_environment
from mill.api.transport.access_log import AccessLog
from mill.errors import MillError
from mill.listening import HOST, listen
from mill.ports import Jobs
from mill.repository.deployed import OpenWorkspace
from mill.repository.workspace import Workspace
from mill.serving import ServerThread
from mill.strict_values import whole_number
from mill.twins.connection import quiet_config
from mill.twins.mount import TwinsMount

_CALLS = 64  # synchronous script routes at the same time; more wait their turn
_IDLE_SECONDS = (
    75  # longer than clients pause between two requests: a write must not meet a closing connection
)
_GRACE_SECONDS = 5
_DEFAULT_TEMPLATES = Path("resources", "mock")
# REQUEST_SIZE_LIMIT of a Windmill server: https://github.com/windmill-labs/windmill/issues/1772
_BODY_VARIABLE = "MILL_REQUEST_SIZE_LIMIT"
_LARGEST_BODY = 2 * 1024 * 1024  # if it is not set

# From the server's own address and the workspace's id to routes beside the API, open to every reader.
Pages = Callable[[str, str], Sequence[Route]]


@dataclass(frozen=True, slots=True)
class _Settings:
    """What an API is made of, and does not change while it serves."""

    root: Path
    state_dir: Path
    jobs: Jobs
    clock: Callable[[], float]
    signing_key: bytes
    environment: Mapping[str, str]
    template_dirs: Sequence[Path]
    hosts: Sequence[str]
    open_workspace: OpenWorkspace | None
    workers: int | None
    data_tables: DataTables
    access_log: Callable[[str], None] | None
    pages: Pages


class LocalApi:
    """Serves one workspace on loopback. It is the engine's `Platform`.

    `port` 0 takes a free one. `templates` are directories of resource and variable templates; if none are
    given, `resources/mock` of the workspace. `hosts` are further names it is reached under, `workers` what it
    says of their number; `access_log` gets a line for each request, `pages` makes what is shown beside the
    API. With an `open_workspace` it takes scripts and flows while it serves. End the jobs before the block
    ends: calls still running are waited for.
    """

    def __init__(
        self,
        workspace_root: Path,
        state_dir: Path,
        jobs: Jobs,
        *,
        port: int = 0,
        token: str | None = None,
        workspace_id: str = "local",
        templates: Sequence[Path] | None = None,
        hosts: Sequence[str] = (),
        open_workspace: OpenWorkspace | None = None,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.time,
        workers: int | None = None,
        access_log: Callable[[str], None] | None = None,
        pages: Pages = lambda _url, _workspace_id: (),
    ) -> None:
        self.token = token or secrets.token_urlsafe(32)
        self.workspace_id = workspace_id
        self._table = RouteTable(load_triggers(Workspace(workspace_root), workspace_id))
        ours = read_environment(workspace_root, environment)
        self._settings = _Settings(
            root=workspace_root,
            state_dir=state_dir,
            jobs=jobs,
            clock=clock,
            signing_key=secrets.token_bytes(32),
            environment=ours,
            template_dirs=templates or [workspace_root / _DEFAULT_TEMPLATES],
            hosts=hosts,
            open_workspace=open_workspace,
            workers=workers,
            data_tables=DataTables(state_dir / "data_tables", servers_in(ours)),
            access_log=access_log,
            pages=pages,
        )
        self._port = port
        self._values: Values | None = None
        self._resources = ExitStack()

    @property
    def triggers(self) -> list[HttpTrigger]:
        """The HTTP triggers that are on."""
        return self._table.triggers

    @property
    def url(self) -> str:
        """Root of the API, without a trailing slash."""
        return f"http://{HOST}:{self._port}"

    @property
    def keeps_state(self) -> bool:
        """Whether jobs may keep their own state in the data table `main`."""
        return self._settings.data_tables.are_real

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            starting.callback(self._settings.data_tables.close)
            listener = listen(self._port)
            starting.callback(listener.close)
            self._port = listener.getsockname()[1]
            database = starting.enter_context(Database(self._settings.state_dir / "mill.sqlite"))
            self._values = Values(
                Templates(self._settings.template_dirs), database, self._settings.environment
            )
            executor = ThreadPoolExecutor(_CALLS, thread_name_prefix="mill-call")
            starting.callback(executor.shutdown)
            stopping = threading.Event()
            twins = starting.enter_context(TwinsMount(self._settings.state_dir, self._settings.template_dirs))
            application = self._application(self._values, database, executor, stopping, twins)
            admission: ASGIApp = Admission(
                application,
                self._port,
                hosts=self._settings.hosts,
                exceptions=exceptions(self._table, _largest_body(self._settings.environment)),
            )
            log = self._settings.access_log
            logged = admission if log is None else AccessLog(admission, log)
            config = quiet_config(logged, idle_seconds=_IDLE_SECONDS, grace_seconds=_GRACE_SECONDS)
            server = ServerThread(config, "mill-api")
            starting.callback(server.stop)
            starting.callback(twins.release)
            starting.callback(stopping.set)
            server.start(listener)
            self._resources = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()

    def get_variable(self, path: str) -> str:
        """Return a variable's value; MillError with the nearest names where there is none."""
        return self._open_values().variable(path).value

    def get_resource(self, path: str) -> Any:
        """Return a resource's value, `$var:` and `$res:` in it resolved; MillError where there is none."""
        return self._open_values().resolved(path)

    def shell_word(self, path: str, key: str) -> str:
        """Return a value of a resource for a line in a shell; see `Values.shell_word`."""
        return self._open_values().shell_word(path, key)

    def _open_values(self) -> Values:
        assert self._values is not None, "used outside its with block"
        return self._values

    def _application(
        self,
        values: Values,
        database: Database,
        executor: Executor,
        stopping: threading.Event,
        twins: TwinsMount,
    ) -> Application:
        jobs, workspace_id, signing_key = self._settings.jobs, self.workspace_id, self._settings.signing_key
        waiter = Waiter(jobs, stopping, f"{self.url}/api/w/{workspace_id}")
        approvals = ApprovalsApi(jobs, workspace_id, self.url, signing_key)
        objects = Objects(self._settings.state_dir, database, signing_key, self._settings.clock)
        routes_api = RoutesApi(
            self._table,
            jobs,
            values,
            waiter,
            executor,
            may_enter=lambda request: has_token(request, self.token),
            clock=self._settings.clock,
        )
        taking = self._settings.open_workspace
        parts = (
            *((DeployApi(taking, jobs, self._table, workspace_id),) if taking is not None else ()),
            ValuesApi(values, workspace_id),
            ObjectsApi(objects),
            JobsApi(jobs, workspace_id, USER),
            RunApi(jobs, waiter, self._settings.data_tables),
            ScriptsApi(self._settings.root),
            approvals,
        )
        routes = [route for part in parts for route in part.routes()]
        pages = [approvals.page_route(), *self._settings.pages(self.url, workspace_id)]
        workers = self._settings.workers
        return Application(routes_api, routes, pages, twins, workspace_id, self.token, workers)


def _largest_body(environment: Mapping[str, str]) -> int:
    """Return how many bytes a route or a webhook takes: as many as a Windmill server of that setting."""
    given = environment.get(_BODY_VARIABLE)
    if not given:
        return _LARGEST_BODY
    number = whole_number(given)
    if number is None:
        raise MillError(f"{_BODY_VARIABLE} is {given!r}: give a number of bytes, such as {_LARGEST_BODY}.")
    return number
