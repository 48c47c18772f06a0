"""The twin of Salesforce: contacts by REST, sObject collections, SOQL and Bulk API 2.0.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/
https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/
"""

from mill.twins.services.salesforce.service import build

__all__ = ["build"]
