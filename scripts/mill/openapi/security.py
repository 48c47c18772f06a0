"""Who may call what: the document's security schemes, and which of them an operation takes."""

from __future__ import annotations

from dataclasses import dataclass, field

from mill.openapi.reading.cases import Cases
from mill.openapi.reading.doors import Door
from mill.openapi.reading.naming import identifier
from mill.openapi.reading.providers import scheme_name, schemes
from mill.openapi.reading.schemas import Json
from mill.senders.signing import KINDS

TOKEN = "token"  # noqa: S105 - a scheme's name
_BEARER = {"type": "http", "scheme": "bearer", "description": "A Windmill token with the scope to run this."}
_KEY_HEADER = "X-API-Key"
_SIGNED_BY = {
    "Github": "X-Hub-Signature-256",
    "Slack": "X-Slack-Signature",
    "Stripe": "Stripe-Signature",
    "TikTok": "TikTok-Signature",
    "Twitch": "Twitch-Eventsub-Message-Signature",
    "Zoom": "x-zm-signature",
}


@dataclass(slots=True)
class Security:
    """Collects the schemes that the operations of a document need."""

    cases: Cases
    schemes: Json = field(default_factory=lambda: {TOKEN: _BEARER})

    def of_route(self, route: Json, door: Door) -> list[dict[str, list[str]]]:
        """Return what a route takes: one of these. None of them means that anybody may call it."""
        if door.signed_as:
            self.schemes |= schemes()
            return [{scheme_name(kind): []} for kind in KINDS]
        path = str(route.get("authentication_resource_path"))
        match route.get("authentication_method"):
            case "windmill":
                return [{TOKEN: []}]
            case "basic_http":
                return self._one(f"basic_{identifier(path)}", {"type": "http", "scheme": "basic"})
            case "api_key":
                return self._one(f"key_{identifier(path)}", self._key(path))
            case "signature":
                return self._one(f"signature_{identifier(path)}", self._signature(path))
            case _:  # none; or a script that checks by itself
                return []

    def _one(self, name: str, scheme: Json) -> list[dict[str, list[str]]]:
        self.schemes[name] = scheme
        return [{name: []}]

    def _key(self, path: str) -> Json:
        header = str(self.cases.settings(path).get("api_key_header") or _KEY_HEADER)
        return {
            "type": "apiKey",
            "in": "header",
            "name": header,
            "description": f"The key in the resource {path}.",
        }

    def _signature(self, path: str) -> Json:
        settings = self.cases.settings(path)
        custom = settings.get("authentication_config")
        named = custom.get("signature_header_name") if isinstance(custom, dict) else None
        provider = str(settings.get("signature_provider") or "the provider")
        header = _SIGNED_BY.get(provider) or str(named or "X-Signature")
        return {
            "type": "apiKey",
            "in": "header",
            "name": header,
            "description": f"The signature of {provider} over the raw body, by the secret in {path}.",
        }
