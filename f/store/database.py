"""The database that a script is given, and what is installed for a script that calls others and remembers it.

Windmill installs what the imports at the top of a script bring, near and far. A script of ours imports this
module there and all else in `main`: so it starts at once, and is not resolved anew with every library. What
the connection layer and the stores may load is therefore named here, once for all scripts; a script names
what it needs beyond that.
"""

# extra_requirements:
# aiohappyeyeballs==2.7.1
# aiohttp==3.14.5
# aiosignal==1.4.0
# anyio==4.16.0
# attrs==26.1.0
# certifi==2026.10.18
# cffi==2.1.1
# charset-normalizer==3.5.2
# cryptography==50.0.2
# frozenlist==1.8.0
# h11==0.16.0
# httpcore==1.0.9
# httpx==0.28.1
# idna==3.20
# multidict==7.2.1
# orjson==3.13.0
# propcache==0.5.4
# psycopg[binary]==3.3.9
# psycopg-binary==3.3.9
# pycparser==3.12
# requests==2.34.2
# typing-extensions==4.16.0
# urllib3==2.8.0
# wmill==1.850.0
# yarl==1.25.1

from typing import TypedDict


class postgresql(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """A Postgres database, as Windmill's own resource type has it."""

    host: str
    port: int
    user: str
    password: str
    dbname: str
    sslmode: str
