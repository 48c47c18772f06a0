"""Which package Windmill installs for an imported name.

Windmill takes the first segment of the imported module, writes `-` for `_`, and looks the result up in
a map of names that differ (windmill-parser-py-imports, mapping.rs). What is not in the map is taken for
the package's own name: for some modules that is another project's package, or none.
"""

from __future__ import annotations

import re
import sys

# Windmill's list of the standard library is that of Python 3.11 without tomllib, plus what was removed since
# 3.10; it is written out here as the difference to the Python that mill runs on, whichever that is.
_REMOVED_FROM_PYTHON = {
    *("asynchat", "asyncore", "binhex", "distutils", "imp", "smtpd"),
    *("aifc", "audioop", "cgi", "cgitb", "chunk", "crypt", "imghdr", "lib2to3", "mailcap", "msilib", "nis"),
    *("nntplib", "ossaudiodev", "pipes", "sndhdr", "spwd", "sunau", "telnetlib", "uu", "xdrlib"),
}
UNKNOWN_TO_WINDMILL = {"tomllib", "annotationlib", "compression"}
_STANDARD_LIBRARY = (sys.stdlib_module_names | _REMOVED_FROM_PYTHON) - UNKNOWN_TO_WINDMILL

_PACKAGES = {
    "PIL": "Pillow",
    "atlassian": "atlassian-python-api",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dns": "dnspython",
    "docx": "python-docx",
    "git": "GitPython",
    "github": "PyGithub",
    "gitlab": "python-gitlab",
    "googleapiclient": "google-api-python-client",
    "googlecloudbigquery": "google-cloud-bigquery",
    "haystack": "haystack-ai",
    "ldap": "python-ldap",
    "lokalise": "python-lokalise-api",
    "mailparser": "mail-parser",
    "mailparser-reply": "mail-parser-reply",
    "msgraph": "msgraph-sdk",
    "msoffcrypto": "msoffcrypto-tool",
    "mysql": "mysql-connector-python",
    "newspaper": "newspaper4k",
    "ns1": "ns1-python",
    "openbb-terminal": "openbb[all]",
    "opensearchpy": "opensearch-py",
    "playhouse": "peewee",
    "psycopg": "psycopg[binary, pool]",
    "psycopg2": "psycopg2-binary",
    "pymsql": "PyMySQL",
    "pythonjsonlogger": "python-json-logger",
    "riskfolio": "riskfolio-lib",
    "seleniumwire": "selenium-wire",
    "shapefile": "pyshp",
    "shopify": "ShopifyAPI",
    "sklearn": "scikit-learn",
    "smb": "pysmb",
    "smbclient": "smbprotocol",
    "socks": "PySocks",
    "tabula": "tabula-py",
    "taiga": "python-taiga",
    "tenable": "pytenable",
    "umap": "umap-learn",
    "vt": "vt-py",
    "yaml": "pyyaml",
}

# Whole module paths, of which the map names every service: google.cloud.X, azure.mgmt.X, three more of azure.
_NAMESPACES = re.compile(r"google\.cloud\.\w+|azure\.mgmt\.\w+|azure\.keyvault\.secrets|azure\.storage\.blob")
_DATALAKE = {"azure.storage.filedatalake": "azure-storage-file-datalake"}

# Names that Windmill does not map and that are called otherwise on the package index.
TRAPS = {
    "Crypto": "pycryptodome",
    "MySQLdb": "mysqlclient",
    "OpenSSL": "pyOpenSSL",
    "attr": "attrs",
    "decouple": "python-decouple",
    "dotenv": "python-dotenv",
    "fitz": "PyMuPDF",
    "google": "protobuf",
    "jose": "python-jose",
    "jwt": "PyJWT",
    "kafka": "kafka-python",
    "magic": "python-magic",
    "multipart": "python-multipart",
    "nacl": "PyNaCl",
    "paho": "paho-mqtt",
    "pkg-resources": "setuptools",
    "pptx": "python-pptx",
    "ruamel": "ruamel.yaml",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "slugify": "python-slugify",
    "snowflake": "snowflake-connector-python",
    "usb": "pyusb",
    "websocket": "websocket-client",
    "zmq": "pyzmq",
}


# Whose modules share the name `google`; a service of Google Cloud is a package of its own.
_GOOGLE = {
    "google.api_core": "google-api-core",
    "google.auth": "google-auth",
    "google.cloud": "google-cloud-SERVICE",
    "google.genai": "google-genai",
    "google.generativeai": "google-generativeai",
    "google.oauth2": "google-auth",
}


def first_segment(module: str) -> str:
    """Return the name Windmill looks up: `google_auth.transport` is `google-auth`."""
    return module.partition(".")[0].replace("_", "-")


def package_of(module: str) -> str | None:
    """Return the package Windmill installs for `import module`; None if it is in the standard library."""
    if module in _DATALAKE:
        return _DATALAKE[module]
    if _NAMESPACES.fullmatch(module):
        return module.replace(".", "-").replace("_", "-")
    name = first_segment(module)
    if module.partition(".")[0] in _STANDARD_LIBRARY:
        return None
    return _PACKAGES.get(name, name)


def trap(module: str) -> str | None:
    """Return the right package where Windmill would install a wrong one for `import module`."""
    name = first_segment(module)
    google = _GOOGLE.get(".".join(module.split(".")[:2]))
    return None if package_of(module) != name else google or TRAPS.get(name)
