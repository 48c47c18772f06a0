"""Names that people's environments already have, and which variable or field of a resource each gives.

A target is the path of a variable, or `path#field` for a field of a resource; a field of an entry in a list
is reached by the entry's `name`, as in `f/notify/routing#channels.ops.channel`. `mill resources push` and
`mill doctor` read these names; jobs do not: they read the workspace.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mill.api.storage.values import environment_name
from mill.errors import MillError

ALIASES: Mapping[str, tuple[str, ...]] = {
    "AWS_ACCESS_KEY_ID": ("f/files/s3_access_key",),
    "AWS_SECRET_ACCESS_KEY": ("f/files/s3_secret_key",),
    "AWS_REGION": ("f/files/s3#region",),
    "AWS_DEFAULT_REGION": ("f/files/s3#region",),
    "S3_BUCKET": ("f/files/s3#bucket",),
    "S3_BUCKET_NAME": ("f/files/s3#bucket",),
    "AWS_S3_BUCKET": ("f/files/s3#bucket",),
    "S3_ENDPOINT": ("f/files/s3#endPoint",),
    "CRM_API_KEY": ("f/customers/crm_token",),
    "CRM_API_TOKEN": ("f/customers/crm_token",),
    "HUBSPOT_ACCESS_TOKEN": ("f/customers/crm_token",),
    "SALESFORCE_ACCESS_TOKEN": ("f/customers/crm_token",),
    "CRM_BASE_URL": ("f/customers/crm#base_url",),
    "CRM_API_URL": ("f/customers/crm#base_url",),
    "SALESFORCE_INSTANCE_URL": ("f/customers/crm#base_url",),
    "STRIPE_SECRET_KEY": ("f/payments/stripe_token", "f/customers/stripe_key"),
    "STRIPE_API_KEY": ("f/payments/stripe_token", "f/customers/stripe_key"),
    "STRIPE_WEBHOOK_SECRET": ("f/webhooks/stripe_secret",),
    "SLACK_BOT_TOKEN": ("f/notify/slack_token",),
    "SLACK_WEBHOOK_URL": ("f/notify/slack_webhook_url",),
    "SLACK_SIGNING_SECRET": ("f/webhooks/slack_secret",),
    "SLACK_CHANNEL": ("f/notify/routing#channels.ops.channel",),
    "TWILIO_ACCOUNT_SID": ("f/notify/twilio_account",),
    "TWILIO_AUTH_TOKEN": ("f/notify/twilio_token", "f/webhooks/twilio_secret"),
    "TWILIO_PHONE_NUMBER": ("f/notify/routing#channels.duty_phone.sender",),
    "TWILIO_FROM_NUMBER": ("f/notify/routing#channels.duty_phone.sender",),
    "SENDGRID_API_KEY": ("f/notify/sendgrid_token",),
    "SENDGRID_WEBHOOK_PUBLIC_KEY": ("f/webhooks/sendgrid_secret",),
    "RESEND_API_KEY": ("f/notify/resend_token",),
    "RESEND_FROM_EMAIL": ("f/notify/routing#channels.office.sender",),
    "GOOGLE_CLIENT_ID": ("f/identity/google_client_id",),
    "GOOGLE_CLIENT_SECRET": ("f/identity/google_client_secret",),
    "GITHUB_CLIENT_ID": ("f/identity/github_client_id",),
    "GITHUB_CLIENT_SECRET": ("f/identity/github_client_secret",),
    "GITHUB_TOKEN": ("f/webhooks/github_token",),
    "GITHUB_WEBHOOK_SECRET": ("f/webhooks/github_secret",),
    "HUBSPOT_CLIENT_SECRET": ("f/webhooks/hubspot_secret",),
    "SHOPIFY_CLIENT_SECRET": ("f/webhooks/shopify_secret",),
    "SHOPIFY_API_SECRET": ("f/webhooks/shopify_secret",),
    "WEBHOOK_SECRET": ("f/webhooks/generic_secret",),
    "JWT_SECRET": ("f/identity/jwt_signing_key",),
    "JWT_PRIVATE_KEY": ("f/identity/jwt_signing_key",),
    "JWT_REFRESH_TOKEN": ("f/identity/jwt_refresh_token",),
    "JWT_ISSUER": ("f/identity/jwt_signer#issuer",),
    "JWT_AUDIENCE": ("f/identity/jwt_signer#audience",),
    "JWT_JWKS_URL": ("f/identity/jwt_issuer#jwks_url",),
    "GRAPHQL_API_TOKEN": ("f/graphql/api_token",),
    "GRAPHQL_URL": ("f/graphql/api#base_url",),
    "VESSEY_API_KEY": ("f/vessels/vessey_api_key",),
    "VESSEY_BASE_URL": ("f/vessels/vessey#base_url",),
}


@dataclass(frozen=True, slots=True)
class Given:
    """A value from the environment, and the name it has there. The value is kept out of the repr."""

    name: str
    value: str

    def __repr__(self) -> str:
        return f"Given({self.name!r})"


def names_of(target: str) -> list[str]:
    """Return the names that give a variable or field, our own first. A field has none of our own."""
    own = [] if "#" in target else [environment_name(target)]
    return [*own, *(name for name, targets in ALIASES.items() if target in targets)]


def given(target: str, environment: Mapping[str, str]) -> Given | None:
    """Return what the environment gives for a variable or field. An empty value is none.

    Raises MillError if two of its names have different values: which one was meant nobody can know.
    """
    found = [Given(name, value) for name in names_of(target) if (value := environment.get(name, ""))]
    if len({one.value for one in found}) > 1:
        names = " and ".join(one.name for one in found)
        raise MillError(f"{names} give {target} different values. Leave one out of the environment and .env.")
    return found[0] if found else None


def fields_of(path: str) -> list[str]:
    """Return the fields of a resource that a name can give, as targets."""
    targets = {target for targets in ALIASES.values() for target in targets}
    return sorted(target for target in targets if target.startswith(f"{path}#"))


def with_fields(path: str, value: object, environment: Mapping[str, str]) -> tuple[object, list[str]]:
    """Return a resource's value with the fields that the environment gives, and the names they came by."""
    names = []
    for target in fields_of(path):
        found = given(target, environment)
        if found is not None:
            value = _set(value, target.partition("#")[2].split("."), found.value)
            names.append(found.name)
    return value, names


def _set(value: object, steps: list[str], new: str) -> object:
    """Return a copy with a field replaced. A step into a list is the `name` of one of its entries."""
    if not steps:
        return new
    step, *rest = steps
    if isinstance(value, list):
        return [
            _set(one, rest, new) if isinstance(one, dict) and one.get("name") == step else one
            for one in value
        ]
    if not isinstance(value, dict):
        return value
    return {**value, step: _set(value.get(step), rest, new)}


def looks_like_ours(name: str) -> bool:
    """Return whether a name can only be meant for us: it begins as ours do."""
    return re.match(r"MILL_(VAR_|DATA_TABLE_)", name) is not None
