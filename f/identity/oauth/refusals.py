"""What a provider's refusal means, in plain sentences. Nothing here is ever asked again by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from f.connect.errors import ConnectError, FixSettings, SignInAgain, TryLater
from f.connect.redact import mask_start, mask_url
from f.connect.sign_in.shared_token import DEAD
from f.connect.sign_in.token_server import refusal
from f.identity.oauth.providers import DEAD_CODE, ERRORS, Refusal

if TYPE_CHECKING:
    from f.identity.oauth.app import App


def refused(
    app: App, code: str, *, status: int | None = None, about: str = "code", detail: str = ""
) -> ConnectError:
    """Return what an error of the provider means. `about`: what was sent, a `code` or a `refresh_token`.

    An error nobody has heard of is not repeated: the query of a callback is what anybody may write, and
    Windmill has replaced a text such as $var:f/a/b in it by what it names.
    """
    title = app.provider.title
    says = f' It says: "{detail}".' if detail else ""
    if code in DEAD and about == "refresh_token":
        return SignInAgain(
            f"{title} takes the refresh token no longer: {app.provider.dead_grant}. Somebody has to sign in "
            f"again.{says}",
            code=code,
            status=status,
        )
    if code == "invalid_grant":
        return SignInAgain(
            f"{title} refused the code: {DEAD_CODE}. Start the sign-in again.{says}", code=code, status=status
        )
    known = app.provider.errors.get(code) or ERRORS.get(code)
    if known is None:
        known, code = Refusal("sign_in_again", "it gives a reason that is not known here"), "unknown_error"
    message = f"{title} refused: {known.sentence}"
    match known.kind:
        case "settings":
            return FixSettings(f"{message}.{says}", code=code, status=status)
        case "later":
            return TryLater(f"{message}. Try again later.{says}", code="token", status=status)
    return SignInAgain(f"{message}. Start the sign-in again.{says}", code=code, status=status)


def refused_by_server(
    app: App, status: int, answer: Mapping[str, Any], *, about: str = "code"
) -> ConnectError:
    """Return what a refusal of the token endpoint means: its own words, or what its status says."""
    code = answer.get("error")
    known = isinstance(code, str) and (
        code in DEAD or code in app.provider.errors or (code in ERRORS and status < 500)
    )
    if known:
        # Its own words; a callback's are left out, since anybody can write those.
        detail = mask_start(str(answer.get("error_description") or ""), 200)
        return refused(app, str(code), status=status, about=about, detail=detail)
    return refusal(mask_url(app.provider.token_url), status, answer)
