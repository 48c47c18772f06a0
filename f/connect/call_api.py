"""Call any HTTP API that has a resource of type integration, and say what its answer proves.

The call waits for the rate limit that all jobs share, is not sent while the circuit breaker is open, and is
sent again only where that is safe. A write whose answer is lost fails with what is known: it may have been
applied, and whether the same request may be sent again. Returns what the API answered; with `paging`, the
rows of its pages. A second run sends again. `dry_run` shows the request without sending it.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# annotated-types==0.8.0
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-inspection==0.4.5

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.connect.integration_resource import integration


def main(
    integration: integration,
    path: str = "",
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] = "GET",
    params: dict | None = None,
    body: dict | None = None,
    headers: dict | None = None,
    idempotency_key: str = "",
    dry_run: bool = False,
    paging: Literal["none", "link", "cursor", "offset", "page"] = "none",
    rows_at: str = "",
    next_at: str = "",
    next_param: str = "",
    page_size: int = 100,
    max_rows: int = 1000,
    max_pages: int = 20,
    fail_if_refused: bool = True,
    as_data: bool = False,
    database: postgresql | None = None,
) -> dict[str, Any]:
    from f.connect.by_hand.calling import Wish, carry_out, page_of

    wish = Wish(
        method=method, path=path, params=params, headers=headers, body=body, idempotency_key=idempotency_key,
        paging=paging, rows_at=rows_at, next_at=next_at, next_param=next_param, page_size=page_size,
        max_rows=max_rows, max_pages=max_pages, fail_if_refused=fail_if_refused, dry_run=dry_run,
    )  # fmt: skip
    result = carry_out(wish, integration, database)
    print(result["message"])
    return dict(result) if as_data else page_of(result)
