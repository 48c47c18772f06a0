"""What is imported into: twins of services we know, and strangers, which behave as other people's APIs do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mill.bench.rig.strangers.behaviour import Behaviour

Faults = Literal["none", "all"]
Store = Literal["sqlite", "postgres", "data_table"]

TWIN_FAULTS: Mapping[str, Any] = {
    "rates": {
        "error_503": 0.10,
        "throttle_429": 0.05,
        "reset_after_commit": 0.02,
        "timeout_after_commit": 0.01,
    },
    "retry_after": 0,
    "hang_seconds": 2,
}
LATENCY = 0.008
SETTINGS: Mapping[str, Any] = {
    "retry_attempts": 5,
    "initial_delay": 0.01,
    "max_delay": 0.1,
    "timeout": 0.5,
    "batch_size": 50,
    "max_concurrent_requests": 8,
    # The API is on this machine: what was sent arrives at once, and what is late is no later than this.
    "in_flight_seconds": 0.3,
}
_LOOKUP = {"lookup": "/customers?email={email}"}
_NO_KEYS = {"idempotency_keys": False}


@dataclass(frozen=True)
class Course:
    """One target to import into: how its API is set up, and what the importer is told of it."""

    name: str
    twin: str = ""  # the twin's name; a stranger has none
    twin_settings: Mapping[str, Any] = field(default_factory=dict)
    behaviour: Behaviour = field(default_factory=Behaviour)
    kind: str = "generic"
    endpoints: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    on_duplicate: str = "skip"
    token: str = "chaos"  # noqa: S105 - guards nothing
    own_faults: Mapping[str, float] = field(default_factory=dict)  # of its twin, beside those of every twin

    @property
    def faults(self) -> tuple[Faults, ...]:
        """The faults it is gone over with. A stranger's are its nature."""
        return ("none", "all") if self.twin else ("all",)

    def api(self, url: str, account: str) -> dict[str, Any]:
        """Return the resource that the importer gets. Of an account of its own no journal knows anything."""
        return {
            "kind": self.kind,
            "base_url": url,
            "authentication": {"type": "bearer_token", "token": self.token},
            "endpoints": dict(self.endpoints),
            "settings": {**SETTINGS, "account": account, **self.settings},
            "mapping": {} if "external_id_field" in self.settings else {"external_id": ""},
        }


# Each twin takes a second customer with the same e-mail wherever the real service does.
TWINS = (
    Course("generic, keys", "customers", {"unique_email": False}),
    Course(
        "generic, look-up",
        "customers",
        {"unique_email": False, "idempotency_keys": False},
        endpoints=_LOOKUP,
        settings=_NO_KEYS,
    ),
    Course(
        "generic, batches",
        "customers",
        {"unique_email": False},
        endpoints={"batch": "/customers/batch", **_LOOKUP},
        settings={"rows_per_request": 10},
    ),
    Course(
        "hubspot",
        "hubspot",
        {"ten_secondly_limit": 10**6},
        kind="hubspot",
        settings={"rows_per_request": 10},
    ),
    Course(
        "salesforce, look-up",
        "salesforce",
        {"duplicate_rule": False, "daily_limit": 10**9},
        kind="salesforce",
        settings={"rows_per_request": 10},
    ),
    Course(
        "salesforce, upsert",
        "salesforce",
        {"duplicate_rule": False, "daily_limit": 10**9},
        kind="salesforce",
        settings={"rows_per_request": 10, "external_id_field": "External_Id__c"},
        on_duplicate="update",
    ),
    Course(
        "salesforce, bulk",
        "salesforce",
        {"duplicate_rule": False, "daily_limit": 10**9, "bulk_seconds": 0.2},
        kind="salesforce",
        settings={"bulk_from": 2},
    ),
    Course(
        "stripe",
        "stripe",
        kind="stripe",
        settings={"rate_limit": {"max_requests": 10_000}},
        token="sk_test_chaos",  # noqa: S106 - a stand-in's
        own_faults={"stored_500": 0.03, "lock_timeout": 0.03, "key_in_use": 0.02},
    ),
)


def _stranger(faults: Mapping[str, float], **axes: Any) -> Behaviour:
    return Behaviour(latency=LATENCY, hang_seconds=2, late_seconds=0.2, faults=faults, **axes)


_LOST_ANSWERS = {
    "503_before": 0.05,
    "429_before": 0.02,
    "reset_after": 0.03,
    "reset_before": 0.02,
    "hang_after": 0.01,
}

# None of them refuses a second customer with the same e-mail.
STRANGERS = (
    Course("no keys, no look-up", behaviour=_stranger(_LOST_ANSWERS), settings=_NO_KEYS),
    Course(
        "look-up only",
        behaviour=_stranger(_LOST_ANSWERS, lookup="data"),
        endpoints=_LOOKUP,
        settings=_NO_KEYS,
    ),
    Course(
        "keys forgotten after 5",
        behaviour=_stranger(_LOST_ANSWERS, keys="honoured", keys_requests=5, lookup="list"),
        endpoints=_LOOKUP,
    ),
    Course(
        "late commits",
        behaviour=_stranger({"reset_late": 0.05, "503_late": 0.03}, lookup="object"),
        endpoints=_LOOKUP,
        settings=_NO_KEYS,
    ),
    Course(
        "503 after commit",
        behaviour=_stranger({"503_after": 0.1, "503_before": 0.05}, lookup="data"),
        endpoints=_LOOKUP,
        settings=_NO_KEYS,
    ),
    Course(
        "unreadable replies",
        behaviour=_stranger({"page_after": 0.1, "page_before": 0.1, "cut_after": 0.05}, lookup="items"),
        endpoints=_LOOKUP,
        settings=_NO_KEYS,
    ),
)
COURSES = (*TWINS, *STRANGERS)
