"""The services there are, by the type of the resources that hold their credentials.

A service is a module of the wing `providers`, loaded when it is first asked for: a check of one service
pays for no other.
"""

# Windmill finds packages by the imports at the top of a file; what the services need is named here.
# extra_requirements:
# annotated-types==0.8.0
# cffi==2.1.1
# cryptography==50.0.2
# pycparser==3.12
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-extensions==4.16.0
# typing-inspection==0.4.5

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from f.operate.services.service import Service

# The resource type, and the module whose SERVICES hold it.
_MODULES = {
    "integration": "any_api",
    "customer_api": "customer_api",
    "slack": "slack",
    "slack_webhook": "slack",
    "twilio": "twilio",
    "sendgrid": "email",
    "resend": "email",
    "stripe": "stripe",
    "s3": "s3",
    "graphql": "graphql",
    "oauth_app": "oauth_app",
    "jwt_issuer": "jwt_issuer",
    "vessey": "vessey",
    "github": "github",
}
RESOURCE_TYPES = tuple(_MODULES)


def service_of(resource_type: str) -> Service | None:
    """Return the service whose resources are of this type; None if the workspace knows none."""
    module = _MODULES.get(resource_type)
    if module is None:
        return None
    service: Service = importlib.import_module(f"f.operate.services.providers.{module}").SERVICES[
        resource_type
    ]
    return service
