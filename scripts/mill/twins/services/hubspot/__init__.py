"""The twin of HubSpot's contacts API.

https://developers.hubspot.com/docs/api-reference/crm-contacts-v3
"""

from mill.twins.services.hubspot.service import build

__all__ = ["build"]
