# test:
# script/f/operate/check_integrations
# flow/f/notify/*
# flow/f/payments/*
"""Whether the credentials of all services still work: a test that Windmill runs by itself after a deploy.

Sends each service the cheapest call that changes nothing. Fails if a credential is refused or a resource is
wrong. A service that is down, or not set up, is named and fails nothing: that is not about the deploy.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# annotated-types==0.8.0
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-inspection==0.4.5

from typing import TypedDict

from f.store.database import postgresql

# What says that a service was not reached, or is busy.
_NOT_REACHED = frozenset(
    {
        *("address", "refused", "name", "connect_timeout", "timeout", "reset", "truncated"),
        *("http_429", "http_500", "http_502", "http_503", "http_504", "rate_limited", "circuit_open"),
    }
)
_SECONDS = 60.0


class Connections(TypedDict):
    """How many services were asked; `down` and `not_set_up` are the paths of those that say nothing."""

    ok: int
    down: list[str]
    not_set_up: list[str]
    message: str


def main() -> Connections:
    from f.connect.errors import SignInAgain
    from f.operate.services.workspace import check_all, known_resources

    checks = check_all(known_resources(), None, _SECONDS)
    failing = [one for one in checks if one["status"] == "failing"]
    refused = [one for one in failing if one["code"] not in _NOT_REACHED]
    if refused:
        said = " ".join(f"{one['path']}: {one['detail']}" for one in refused)
        raise SignInAgain(
            f"{len(refused)} of {len(checks)} services refuse us. {said}", code="checks_refused"
        )
    down = [one["path"] for one in failing]
    ok = sum(one["status"] == "ok" for one in checks)
    named = f", {len(down)} not reached ({', '.join(down)})" if down else ""
    message = f"{ok} of {len(checks)} services take their credential{named}."
    print(message)
    return Connections(
        ok=ok,
        down=down,
        not_set_up=[one["path"] for one in checks if one["status"] == "not_set_up"],
        message=message,
    )
