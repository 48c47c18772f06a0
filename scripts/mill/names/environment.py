"""What each environment name that the code reads is for. A test fails where one is read and not explained."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

Group = Literal["mill", "windmill", "jobs", "machine", "internal"]

GROUPS: Mapping[Group, str] = {
    "mill": "What you may set for mill, in the environment or in .env where it says so",
    "windmill": "Which Windmill workspace wmill, mill resources, mill triggers and mill doctor speak to",
    "jobs": "What you may set for jobs, in the environment of the workers or of mill",
    "machine": "What else is read of this machine",
    "internal": "Set by Windmill or by mill for each job; nothing to set",
}


class Name(NamedTuple):
    """What a name is for. `in_env_file`: whether `mill` reads it from .env too."""

    group: Group
    text: str
    in_env_file: bool = False


NAMES: Mapping[str, Name] = {
    "MILL_TOKEN": Name(
        "mill", "Token that callers of `mill serve` present; a new one each time if not given."
    ),
    "MILL_REQUEST_SIZE_LIMIT": Name(
        "mill", "Largest request body that `mill serve` takes, in bytes, as on a Windmill server.", True
    ),
    "PYENV_ROOT": Name("machine", "Where pyenv keeps its Pythons, for a script that asks for another one."),
    "XDG_CACHE_HOME": Name("machine", "Where mill keeps environments of scripts; ~/.cache if not given."),
    "XDG_RUNTIME_DIR": Name("machine", "Where the Postgres of `mill bench` keeps its locks."),
    "PATH": Name("machine", "Handed on to the processes of jobs."),
    "TZ": Name("machine", "The time zone of jobs under mill; UTC if not given."),
    "COMP_WORDS": Name("machine", "The line that a shell wants completed."),
    "_MILL_COMPLETE": Name("machine", "Set by a shell that wants a line completed."),
    "_TYPER_COMPLETE_ARGS": Name("machine", "The line that a shell wants completed."),
    "WM_WORKSPACE": Name("windmill", "The workspace. With the next two, instead of a profile of `wmill`."),
    "WM_TOKEN": Name("windmill", "A token of a user of that workspace."),
    "BASE_INTERNAL_URL": Name("windmill", "The address of the Windmill instance."),
    "MILLWRIGHT_ALLOWED_ADDRESSES": Name(
        "jobs", "Private addresses that jobs may fetch from, as in the variable f/connect/allowed_addresses."
    ),
    "NOTIFY_ROUTING": Name(
        "jobs", "Path of the routing for events, or `off`; as in the variable f/notify/events_routing."
    ),
    "LOG_CALLS": Name(
        "jobs", "Which calls a job logs: some (a line each, up to a limit), all, or off; some if not given."
    ),
    "OTEL_EXPORTER_OTLP_ENDPOINT": Name(
        "jobs", "The collector that f/operate/send_metrics sends to, where no resource is given."
    ),
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": Name("jobs", "The same, as the whole address for metrics."),
    "OTEL_EXPORTER_OTLP_HEADERS": Name("jobs", "Headers for the collector: name=value, separated by commas."),
    "OTEL_EXPORTER_OTLP_PROTOCOL": Name("jobs", "Metrics go by http/json; grpc is refused."),
    "OTEL_RESOURCE_ATTRIBUTES": Name(
        "jobs", "What metrics are labelled with: name=value, separated by commas."
    ),
    "OTEL_SERVICE_NAME": Name("jobs", "The name of the service in OpenTelemetry; millwright if not given."),
    "REQUESTS_CA_BUNDLE": Name("jobs", "A file with the certificates to trust, for a proxy with its own."),
    "CURL_CA_BUNDLE": Name("jobs", "The same under curl's name; the one above goes before."),
    "WM_BASE_URL": Name("internal", "The address of Windmill as people have it."),
    "WM_EMAIL": Name("internal", "Who runs the job."),
    "WM_USERNAME": Name("internal", "Who runs the job."),
    "WM_JOB_ID": Name("internal", "The job."),
    "WM_JOB_PATH": Name("internal", "The script that runs."),
    "WM_FLOW_JOB_ID": Name("internal", "The flow's job around this one."),
    "WM_FLOW_PATH": Name("internal", "The flow around this job."),
    "WM_FLOW_STEP_ID": Name("internal", "The step of the flow."),
    "WM_ROOT_FLOW_JOB_ID": Name("internal", "The outermost flow's job."),
    "WM_ROOT_JOB_ID": Name("internal", "The outermost job."),
    "MILL": Name("internal", "Set where mill runs the job, and no Windmill."),
    "MILL_DATA_TABLES": Name("internal", "Set where mill's data tables lie in a Postgres."),
    "MILL_IMPORT": Name("internal", "The command of an import, which its report shows to go on from there."),
}


class Pattern(NamedTuple):
    """Names of one form. `shown`: how it is written for people."""

    shown: str
    regex: str
    name: Name


PATTERNS = (
    Pattern(
        "MILL_VAR_F_FOLDER_NAME",
        r"MILL_VAR_\w+",
        Name(
            "mill",
            "The value of the variable f/folder/name: for runs of mill instead of resources/mock, and for "
            "`mill resources push`.",
            True,
        ),
    ),
    Pattern(
        "MILL_DATA_TABLE_NAME",
        r"MILL_DATA_TABLE_\w+",
        Name("mill", "The connection string of a Postgres that is the data table of that name.", True),
    ),
    Pattern(
        "CONNECT_BASE_URL, CONNECT_AUTHENTICATION__TOKEN, ...",
        r"CONNECT_\w+",
        Name("jobs", "Settings of an integration, for code of yours that calls `from_environment`."),
    ),
    Pattern(
        "HTTP_PROXY, HTTPS_PROXY, NO_PROXY, ALL_PROXY",
        r"(?:HTTPS?|NO|ALL)_PROXY",
        Name("jobs", "The proxy that calls go through, as `requests` and `aiohttp` read it."),
    ),
    Pattern("KILLS_...", r"KILLS_\w+", Name("internal", "Between `mill bench` and its workers.")),
)

# Where a name is worked out when it is read, and what it can then be.
WORKED_OUT: Mapping[str, str] = {
    "f/notify/messages/senders.py": "FROM_EMAIL, FROM_NAME, TWILIO_PHONE_NUMBER",
    "scripts/mill/api/storage/values.py": "MILL_VAR_...",
    "scripts/mill/names/aliases.py": "MILL_VAR_... and the table of other names",
    "scripts/mill/commands/mcp.py": "the name given as --token-env",
    "scripts/mill/commands/desk.py": "DISPLAY, WAYLAND_DISPLAY, BROWSER: is there a browser to open",
}

# What those are for that jobs read, where neither an input nor a resource says it.
JOB_NAMES: Mapping[str, str] = {
    "FROM_EMAIL": "The sender of e-mail, as in the variable f/notify/from_email.",
    "FROM_NAME": "The name beside it, as in f/notify/from_name.",
    "TWILIO_PHONE_NUMBER": "The sender of SMS and WhatsApp, as in f/notify/twilio_phone_number.",
}

# Variables that scripts read if a workspace has them; no template makes one.
VARIABLES: Mapping[str, str] = {
    "f/connect/allowed_addresses": "Private addresses that jobs may fetch from.",
    "f/notify/events_routing": "Path of the routing for events, or off.",
    "f/notify/from_email": "The sender of e-mail.",
    "f/notify/from_name": "The name beside it.",
    "f/notify/twilio_phone_number": "The sender of SMS and WhatsApp.",
}


def explained(name: str) -> Name | None:
    """Return what a name is for, None if nobody says."""
    if name in NAMES:
        return NAMES[name]
    return next((one.name for one in PATTERNS if re.fullmatch(one.regex, name)), None)
