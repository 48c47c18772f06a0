"""Remember that a number or address must get no messages, or that it may again.

Holds for every script of this folder that shares the state. A second run changes nothing.
"""

from typing import Literal, TypedDict

from f.notify.email.mail import address_of
from f.notify.messages.opt_outs import OptOuts
from f.notify.texts.phone import e164
from f.store.stores import open_store, postgresql


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
    normal = (
        address_of(address, "address").email
        if medium == "email"
        else e164(address, default_country, what="address")
    )
    with open_store(database, "notify") as store:
        opt_outs = OptOuts(store)
        if opted_out:
            opt_outs.add(medium, normal, "set by hand")
        else:
            opt_outs.remove(medium, normal)
    return {"medium": medium, "opted_out": opted_out}
