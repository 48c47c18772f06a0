"""Remember that a number or address must get no messages, or that it may again.

Holds for every script of this folder that shares the state. A second run changes nothing.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# dnspython==2.9.2
# email-validator==2.4.0
# phonenumbers==9.0.43

from __future__ import annotations

from typing import Literal, TypedDict

from f.store.database import postgresql


class OptOut(TypedDict):
    """How it stands now."""

    medium: str
    opted_out: bool


def main(
    medium: Literal["sms", "whatsapp", "email"],
    address: str,
    opted_out: bool = True,
    default_country: str = "",
    database: postgresql | None = None,
) -> OptOut:
    from f.notify.messages.opt_outs import OptOuts
    from f.store.stores import open_store

    normal = _normalized(medium, address, default_country)
    with open_store(database, "notify") as store:
        opt_outs = OptOuts(store)
        if opted_out:
            opt_outs.add(medium, normal, "set by hand")
        else:
            opt_outs.remove(medium, normal)
    return {"medium": medium, "opted_out": opted_out}


def _normalized(medium: str, address: str, default_country: str) -> str:
    """Check the address and write it as those who send do; only its own kind's parser is imported."""
    if medium == "email":
        from f.notify.email.mail import address_of

        return address_of(address, "address").email
    from f.notify.texts.phone import e164

    return e164(address, default_country, what="address")
