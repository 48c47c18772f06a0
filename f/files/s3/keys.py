"""What an object may be called, and where on this machine a file may lie. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from urllib.parse import quote

from f.connect.errors import FixInput, FixSettings

OWN = "millwright-"  # metadata that begins so is ours
LONGEST_KEY = 1024  # bytes in UTF-8; the limit of S3
_MOST_METADATA = 2048  # bytes of all names and values together
# Control characters, those that reverse the reading direction, and halves of surrogate pairs.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_HOST_LABELS = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,128}")


def check_key(key: str, what: str = "key") -> str:
    """Return a key; FixInput for one that is empty, too long, or that leads elsewhere as a path."""
    if not key:
        raise FixInput(f"{what} is empty: name the object, as in reports/2026/october.pdf.", code="bad_key")
    if _UNFIT.search(key):
        raise FixInput(
            f"{what} holds a control character or one that nobody sees: remove it.", code="bad_key"
        )
    size = len(key.encode())
    if size > LONGEST_KEY:
        raise FixInput(f"{what} has {size:,} bytes in UTF-8; S3 takes {LONGEST_KEY:,}.", code="bad_key")
    if key.startswith("/"):
        raise FixInput(f"{what} begins with a slash: leave it out, as in reports/a.pdf.", code="bad_key")
    if any(part in {".", ".."} for part in re.split(r"[/\\]", key)):
        raise FixInput(
            f"{what} holds a '.' or '..' between slashes, which leads elsewhere as a path: remove it.",
            code="bad_key",
        )
    return key


def check_prefix(prefix: str) -> str:
    """Return the beginning of keys, which may be empty; FixInput as `check_key`."""
    return check_key(prefix, "prefix") if prefix else ""


def local_file(path: str) -> PurePosixPath:
    """Return a path below the job's folder; FixInput for any other, so that no input reaches another file."""
    given = PurePosixPath(path)
    if not path or path.endswith("/") or _UNFIT.search(path) or "\\" in path:
        raise FixInput(
            "local_path is no path of a file: give one such as shared/report.pdf.", code="bad_path"
        )
    if given.is_absolute() or ".." in given.parts or path.startswith("~"):
        raise FixInput(
            "local_path leads out of the job's folder: give one below it, such as shared/report.pdf.",
            code="bad_path",
        )
    return given


def check_metadata(metadata: Mapping[str, object]) -> dict[str, str]:
    """Return the metadata in S3's form: names in lower case, values of printable ASCII, 2 KB in all."""
    if not isinstance(metadata, Mapping):
        raise FixInput("metadata must be an object: a text under each name.", code="bad_metadata")
    checked = {}
    for name, given in metadata.items():
        value = str(given).lower() if isinstance(given, bool) else str(given)
        if isinstance(given, dict | list) or given is None:
            raise FixInput(f"The metadata {name!r} is no text: give one.", code="bad_metadata")
        if not _NAME.fullmatch(name):
            raise FixInput(
                f"The metadata's name {name!r} holds more than letters, digits, '-', '_' and '.'.",
                code="bad_metadata",
            )
        if not value.isascii() or not value.isprintable() or value != value.strip():
            raise FixInput(
                f"The metadata {name!r} holds what no header carries: use plain ASCII, without line "
                "breaks and "
                "without blanks at the ends.",
                code="bad_metadata",
            )
        if name.lower().startswith(OWN):
            raise FixInput(
                f"The metadata {name!r} begins with {OWN}, which is kept for marks of our own: rename it.",
                code="bad_metadata",
            )
        if name.lower() in checked:
            raise FixInput(
                f"The metadata {name.lower()!r} is given twice: capitals do not count.", code="bad_metadata"
            )
        checked[name.lower()] = value
    size = sum(len(name) + len(value) for name, value in checked.items())
    if size > _MOST_METADATA:
        raise FixInput(f"The metadata has {size:,} bytes; S3 takes {_MOST_METADATA:,}.", code="bad_metadata")
    return checked


def metadata_headers(metadata: Mapping[str, object]) -> dict[str, str]:
    """Return the headers that carry the metadata."""
    return {f"x-amz-meta-{name}": value for name, value in check_metadata(metadata).items()}


def check_content_type(content_type: str) -> str:
    """Return a content type; FixInput if no header may carry it."""
    if not content_type.isascii() or not content_type.isprintable() or len(content_type) > 255:
        raise FixInput("content_type must be like text/csv or application/pdf.", code="bad_content_type")
    return content_type.strip()


def disposition_of(name: str) -> str:
    """Return the header that names a download (RFC 6266): plain for old browsers, and in UTF-8."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%/' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='', errors='replace')}"


def check_bucket(name: object) -> str:
    """Return a bucket's name; FixSettings if it is none."""
    if not isinstance(name, str) or not _BUCKET.fullmatch(name) or ".." in name:
        raise FixSettings(
            "The bucket of the S3 resource is missing or no bucket's name: 3 to 63 small letters, "
            "digits, '-' "
            "and '.'.",
            code="bad_settings",
        )
    return name


def may_be_host(bucket: str, *, secure: bool) -> bool:
    """Return whether a bucket's name can stand before the service's: no certificate covers one with a dot."""
    if not 3 <= len(bucket) <= 63 or not _HOST_LABELS.fullmatch(bucket) or is_address(bucket):
        return False
    return not (secure and "." in bucket)


def is_address(text: str) -> bool:
    """Return whether a host is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
