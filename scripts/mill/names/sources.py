"""Where each credential comes from: the vendor's page, the menu on it, and the rights it needs there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

# What somebody makes up: no vendor gives it.
RANDOM = "openssl rand -base64 32"


class Source(NamedTuple):
    """Where a variable's value comes from. `page` is empty if it is made here."""

    vendor: str
    page: str
    menu: str
    rights: str = ""


_STRIPE = "https://dashboard.stripe.com/apikeys"
_GITHUB_APP = "https://github.com/settings/developers"
_GOOGLE_APP = "https://console.cloud.google.com/apis/credentials"
_TWILIO = "https://console.twilio.com"
_SLACK = "https://api.slack.com/apps"
_AWS = "https://console.aws.amazon.com/iam"
_MADE_HERE = f"make one of 32 characters or more, as {RANDOM} does"

SOURCES: Mapping[str, Source] = {
    "f/connect/api_token": Source("HTTP API", "", "the API's own page for keys", "what your calls need"),
    "f/customers/crm_token": Source(
        "CRM",
        "",
        "the API's own page for keys. HubSpot: Development > Legacy apps > your private app > Auth. "
        "Salesforce: Setup > App Manager > your connected app, or give oauth2 in the resource",
        "HubSpot: crm.objects.contacts.read and .write. Salesforce: api, and read and write of Contact",
    ),
    "f/customers/stripe_key": Source(
        "Stripe", _STRIPE, "Developers > API keys > Create restricted key", "Customers: write"
    ),
    "f/customers/import_api_key": Source("Routes of your own", "", _MADE_HERE),
    "f/vessels/route_api_key": Source("Routes of your own", "", _MADE_HERE),
    "f/operate/route_api_key": Source("Routes of your own", "", _MADE_HERE),
    "f/files/s3_access_key": Source(
        "S3",
        _AWS,
        "Users > your user > Security credentials > Create access key",
        "on the bucket alone: s3:GetObject, s3:PutObject, s3:AbortMultipartUpload, s3:ListBucket, "
        "s3:DeleteObject",
    ),
    "f/files/s3_secret_key": Source("S3", _AWS, "shown once, beside the access key"),
    "f/graphql/api_token": Source("GraphQL API", "", "the API's own page for keys", "what your queries need"),
    "f/identity/github_client_id": Source("GitHub", _GITHUB_APP, "OAuth Apps > your app > Client ID"),
    "f/identity/github_client_secret": Source(
        "GitHub", _GITHUB_APP, "OAuth Apps > your app > Generate a new client secret"
    ),
    "f/identity/google_client_id": Source(
        "Google", _GOOGLE_APP, "OAuth 2.0 Client IDs > Web application > Client ID"
    ),
    "f/identity/google_client_secret": Source(
        "Google", _GOOGLE_APP, "OAuth 2.0 Client IDs > Web application > Client secret"
    ),
    "f/identity/jwt_signing_key": Source(
        "JSON Web Tokens", "", f"make one: openssl genrsa 2048 for RS256, {RANDOM} for HS256"
    ),
    "f/identity/jwt_refresh_token": Source("JSON Web Tokens", "", "the first answer of your token issuer"),
    "f/identity/jwt_seal_key": Source("JSON Web Tokens", "", _MADE_HERE),
    "f/identity/seal_key": Source("Seals of your own", "", _MADE_HERE),
    "f/webhooks/storage_key": Source("Seals of your own", "", _MADE_HERE),
    "f/notify/slack_token": Source(
        "Slack",
        _SLACK,
        "your app > OAuth & Permissions > Bot User OAuth Token",
        "chat:write; channels:history to look up a message whose answer was lost",
    ),
    "f/notify/slack_webhook_url": Source(
        "Slack", _SLACK, "your app > Incoming Webhooks > Webhook URL", "incoming-webhook"
    ),
    "f/webhooks/slack_secret": Source(
        "Slack", _SLACK, "your app > Basic Information > App Credentials > Signing Secret"
    ),
    "f/notify/twilio_account": Source("Twilio", _TWILIO, "Account Info > Account SID"),
    "f/notify/twilio_token": Source("Twilio", _TWILIO, "Account Info > Auth Token"),
    "f/webhooks/twilio_secret": Source("Twilio", _TWILIO, "Account Info > Auth Token"),
    "f/notify/sendgrid_token": Source(
        "SendGrid", "https://app.sendgrid.com/settings/api_keys", "Create API Key", "Mail Send"
    ),
    "f/webhooks/sendgrid_secret": Source(
        "SendGrid",
        "https://app.sendgrid.com/settings/mail_settings",
        "Event Webhooks > your webhook > Signature Verification > Public key",
    ),
    "f/notify/resend_token": Source(
        "Resend",
        "https://resend.com/api-keys",
        "Create API Key",
        "Full access: Sending access cannot read what became of a message",
    ),
    "f/payments/stripe_token": Source(
        "Stripe",
        _STRIPE,
        "Developers > API keys > Create restricted key",
        "write: Customers, PaymentIntents, Charges and Refunds, Subscriptions; read: Invoices, Events",
    ),
    "f/webhooks/stripe_secret": Source(
        "Stripe", "https://dashboard.stripe.com/webhooks", "your endpoint > Signing secret"
    ),
    "f/vessels/vessey_api_key": Source(
        "Vessey", "https://app.vessey.example.com/account/api-keys", "Account > API keys"
    ),
    "f/webhooks/github_token": Source(
        "GitHub",
        "https://github.com/settings/personal-access-tokens",
        "Fine-grained tokens > Generate new token",
        "Webhooks: read, of the repository or organization",
    ),
    "f/webhooks/github_secret": Source(
        "GitHub", "", "your repository > Settings > Webhooks > your webhook > Secret"
    ),
    "f/webhooks/hubspot_secret": Source(
        "HubSpot", "https://app.hubspot.com", "Development > your app > Auth > Client secret"
    ),
    "f/webhooks/shopify_secret": Source(
        "Shopify", "https://dev.shopify.com/dashboard", "your app > Settings > Client secret"
    ),
    "f/webhooks/standard_secret": Source("Standard Webhooks", "", "the sender shows it (whsec_...)"),
    "f/webhooks/generic_secret": Source("Webhooks of your own", "", _MADE_HERE),
}


def vendor_of(path: str) -> str:
    """Return who gives a variable's value, by the name that people know."""
    source = SOURCES.get(path)
    return source.vendor if source else "Other"


def how_to_get(path: str) -> str:
    """Return one sentence: where the value is, and what it has to allow."""
    source = SOURCES.get(path)
    if source is None:
        return "See its description."
    at = f"{source.page}: {source.menu}" if source.page else f"{source.menu[:1].upper()}{source.menu[1:]}"
    return f"{at}. Rights: {source.rights}." if source.rights else f"{at}."
