"""Any HTTP API: the resource type `integration`."""

from __future__ import annotations

from f.connect.by_hand.api import API
from f.connect.integration_resource import PURPOSE
from f.operate.services.service import Service

SERVICES = {
    "integration": Service(
        name=API.name,
        title=API.title,
        resource_type="integration",
        purpose=PURPOSE,
        client_of=API.client_of,
        canary=API.canary,
        account_in=API.account_in,
        credential_page=API.credential_page,
    )
}
