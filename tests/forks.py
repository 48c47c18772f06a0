"""Processes that tests start with `multiprocessing`, forked from one that has loaded what importers load.

A process that loads this itself takes most of a second, and a test has a dozen. They share modules alone.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing.context import ForkServerContext

# What jobs load on their way is named, too. All processes of a test run come from one, so this is for all.
_LOADED = (
    "f.connect.config",
    "f.connect.transport.async_runner",
    "f.customers.check_target",
    "f.customers.create_customers",
    "f.customers.targets.customer_api",
    "f.customers.targets.generic",
    "f.customers.targets.kinds",
    "f.customers.targets.never_made",
    "f.customers.validation.customer",
    "f.records.checking.check",
    "f.records.journal.row_journal",
    "f.records.sending.delivery",
    "f.records.sending.parking",
    "f.records.sending.run",
    "f.records.sending.session",
    "f.store.postgres_store",
    "f.store.stores",
    "sqlite3",
)


def forks() -> ForkServerContext:
    """Return where such processes, pools of them and pipes come from."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*_LOADED])
    return context
