"""One examination, local or of a workspace: the findings, and what to do next."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mill.api.storage.values import read_env_lines
from mill.doctor import accounts, machine, repository
from mill.doctor.accounts import accounts_of, chosen, describe, how_to_set_up, word
from mill.doctor.finding import Finding, Step, steps
from mill.doctor.remote import Examination
from mill.errors import MillError
from mill.repository.workspace import Workspace

Tell = Callable[[str], None]

_FIRST_RUN = Step("mill run flows/customers.yaml", "an import that works here and now, with no account")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. `service`: this one alone, in full. `remote`: a workspace. `quick`: at once."""

    service: str = ""
    remote: bool = False
    quick: bool = False
    tell: Tell = field(default=lambda _: None)


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found, under a title, and the steps."""

    title: str
    findings: list[Finding]
    next: list[Step]


def examine(start: Path, wanted: Wanted) -> Examined:
    """Look at the set-up around a folder. MillError only for what was asked wrongly."""
    try:
        workspace = Workspace.find(start)
    except MillError as error:
        return _no_repository(start, error)
    known = accounts_of(workspace)
    environment = {**read_env_lines(workspace.root), **os.environ}
    if wanted.service:
        return _of_service(workspace, wanted, chosen(known, wanted.service), environment)
    if wanted.remote:
        return _of_workspace(workspace, wanted, known)
    wanted.tell("Looking at this machine and at the metadata; that takes some seconds.")
    findings = [
        *machine.examine(workspace.root),
        *repository.examine(workspace, quick=wanted.quick),
        *accounts.examine(known, environment),
    ]
    more = [_FIRST_RUN] if (workspace.root / "flows" / "customers.yaml").is_file() else []
    if known:
        example = next((one for one in known if one.vendor == "Slack"), known[0])
        more += [
            Step(
                f"mill doctor {word(example)}",
                "where to get its credentials; so for each service that you use",
            ),
            Step("mill doctor --workspace", "what a workspace on Windmill still needs"),
        ]
    return Examined("Set-up on this machine", findings, steps(findings, more))


def _no_repository(start: Path, error: MillError) -> Examined:
    findings = [
        *machine.examine(start),
        Finding(repository.GROUP, "wmill.yaml", "missing", str(error)),
    ]
    more = [
        Step("cd millwright", "or whichever folder holds your Windmill repository"),
        Step("mill doctor", "and it looks at the rest"),
    ]
    return Examined("Set-up on this machine", findings, steps(findings, more))


def _of_service(
    workspace: Workspace, wanted: Wanted, asked: list[accounts.Account], environment: Mapping[str, str]
) -> Examined:
    names = ", ".join(account.vendor for account in asked)
    if not wanted.remote:
        findings = list(describe(asked, environment))
        return Examined(f"{names} on this machine", findings, list(how_to_set_up(asked, environment)))
    wanted.tell("Asking the workspace, through wmill.")
    remote = Examination(workspace)
    findings = [remote.sign_in()]
    if findings[0].status == "missing":
        return Examined(f"{names} in the workspace", findings, steps(findings))
    lines, seen = remote.services(asked)
    findings += lines
    there = set(seen.variables)
    more = (
        []
        if any(one.status == "missing" for one in lines)
        else list(how_to_set_up(asked, environment, there))
    )
    return Examined(f"{names} in the workspace", findings, steps(findings, more[:-1]))


def _of_workspace(workspace: Workspace, wanted: Wanted, known: list[accounts.Account]) -> Examined:
    wanted.tell("Asking the workspace, through wmill; that takes about half a minute.")
    remote = Examination(workspace)
    findings = [remote.sign_in()]
    if findings[0].status != "missing":
        findings += remote.examine(known)
    touched = any(one.group == accounts.GROUP and one.status != "unused" for one in findings)
    # Resources before scripts: a member who is no admin needs the folders first.
    first = [] if touched or not known or len(findings) == 1 else [_first_push(known)]
    return Examined("Set-up of the workspace", findings, [*first, *steps(findings)])


def _first_push(known: list[accounts.Account]) -> Step:
    """Return the push that makes the folders, and something in the one that most people begin with."""
    folders = ["/".join(item.path.split("/")[:2]) for account in known for item in account.resources]
    folder = "f/customers" if "f/customers" in folders else folders[0]
    example = next((one for one in known if one.vendor == "Slack"), known[0])
    why = f"the folders, and what you use of the services; mill doctor {word(example)} says where to get it"
    return Step(f"mill resources push {folder}", why)
