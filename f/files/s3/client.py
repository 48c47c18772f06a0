"""Objects of one bucket: requests built, replies read.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypedDict, cast
from urllib.parse import unquote_plus, urlsplit
from xml.sax.saxutils import escape

from f.connect.calls.message import Request, Response
from f.connect.calls.reply_reader import unreadable
from f.connect.errors import FixInput, FixSettings
from f.connect.integration import Integration, Retry, is_loopback, resolve_url
from f.connect.sign_in.sigv4 import SigV4, path_of, query_of, teach
from f.connect.times import to_iso
from f.files.s3.keys import check_bucket, is_address, may_be_host
from f.files.s3.refusals import ABSENT, check

if TYPE_CHECKING:
    from f.connect.calls.message import Sink, Source
    from f.connect.integration import Authentication
    from f.files.s3.results import FileEntry
    from f.files.s3.xml_reply import Node

MARK = "millwright-mark"  # metadata: which attempt at a create-only write this object comes from
SHA256 = "millwright-sha256"  # metadata: of the whole object, where S3 keeps checksums of its parts alone
_DEFAULT_REGION = "us-east-1"
_LONG = 600.0  # seconds: S3 works for minutes on a large copy or the end of a multipart upload
# 409: another request for the same key was under way, and this one was not applied.
_RETRY = Retry(retry_on_status_codes=(408, 409, 425, 429, 500, 502, 503, 504))
_NOT_APPLIED = frozenset({409, 429})
_HOST = re.compile(r"[A-Za-z0-9._:-]+")
_MD5 = re.compile(r"[0-9a-f]{32}")
# The bytes as they are stored, also of what is stored packed.
_AS_STORED = {"x-amz-checksum-mode": "ENABLED", "Accept-Encoding": "identity"}


class s3(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """A bucket at AWS or at a service that speaks its language, as the hub's resource type has it.

    `sessionToken` is for temporary keys, `base_url` for stand-ins.
    """

    bucket: str
    region: str
    endPoint: str
    port: int
    useSSL: bool
    pathStyle: bool
    accessKey: str
    secretKey: str
    sessionToken: str
    base_url: str


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, and how it is reached. `base_url` is the service's, or with `in_host` the bucket's own."""

    name: str
    base_url: str
    in_host: bool
    key: SigV4

    @property
    def integration(self) -> Integration:
        """The bucket as the connection layer sees it."""
        teach()
        return Integration(
            name="s3",
            base_url=self.base_url,
            authentication=cast("Authentication", self.key),  # a further kind of sign-in
            retry=_RETRY,
            timeout=60.0,
            allow_plain_http=_is_plain(self.base_url),  # somebody switched useSSL off
        )

    def path(self, key: str = "", fields: Sequence[tuple[str, str]] = ()) -> str:
        """Return the path of an object, encoded as S3 signs it, or of the bucket."""
        path = path_of("" if self.in_host else self.name, key)
        return f"{path}?{query_of(fields)}" if fields else path

    def url(self, key: str, fields: Sequence[tuple[str, str]] = ()) -> str:
        """Return the address of an object."""
        return resolve_url(self.base_url) + self.path(key, fields)


@dataclass(frozen=True, slots=True)
class Stored:
    """What S3 says of an object. `md5` and `sha256` are of the whole, in hex; empty if it does not know.

    The ETag is the MD5 unless the object came in parts or is encrypted with a key of the customer's.
    """

    size: int
    etag: str
    content_type: str
    modified: str
    md5: str
    sha256: str
    metadata: Mapping[str, str]  # the user's
    mark: str = ""  # which attempt of ours it comes from
    storage_class: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `token` asks for the next; empty at the end."""

    files: list[FileEntry]
    folders: list[str]
    token: str


def bucket_of(resource: Mapping[str, Any], name: str = "") -> Bucket:
    """Return the bucket of a resource, or another one of the same account; FixSettings for what is wrong."""
    for field in ("accessKey", "secretKey"):
        value = resource.get(field)
        if not isinstance(value, str) or not value.strip():
            raise FixSettings(f"The S3 resource has no {field}.", code="bad_settings")
    bucket = check_bucket(name or resource.get("bucket"))
    region = str(resource.get("region") or _DEFAULT_REGION).strip()
    if not re.fullmatch(r"[a-z0-9-]{1,64}", region):
        raise FixSettings("The region of the S3 resource must be like eu-central-1.", code="bad_settings")
    key = SigV4(
        access_key=str(resource["accessKey"]).strip(),
        secret_key=str(resource["secretKey"]).strip(),
        region=region,
        session_token=str(resource.get("sessionToken") or "").strip(),
    )
    if stand_in := str(resource.get("base_url") or ""):
        return Bucket(bucket, stand_in.rstrip("/"), in_host=False, key=key)
    service = _service_url(resource, region)
    parts = urlsplit(service)
    host = parts.hostname or ""
    in_host = (
        not resource.get("pathStyle")
        and may_be_host(bucket, secure=parts.scheme == "https")
        and not is_loopback(host)
        and not is_address(host)
    )
    return Bucket(bucket, f"{parts.scheme}://{bucket}.{parts.netloc}" if in_host else service, in_host, key)


def _service_url(resource: Mapping[str, Any], region: str) -> str:
    """Return the address of the service; the end point may have been pasted with its scheme and port."""
    given = str(resource.get("endPoint") or "").strip().rstrip("/")
    if not given:
        suffix = ".cn" if region.startswith("cn-") else ""
        given = f"s3.{region}.amazonaws.com{suffix}"
    secure = resource.get("useSSL") is not False
    url = given if "://" in given else f"{'https' if secure else 'http'}://{given}"
    try:
        parts = urlsplit(url)
        port = parts.port or _port(resource.get("port"))
        host = parts.hostname or ""
        fit = (
            parts.scheme in {"http", "https"}
            and bool(_HOST.fullmatch(host))
            and parts.path in {"", "/"}
            and "@" not in url
        )
    except ValueError:
        fit = False
    if not fit or parts.query or parts.fragment:
        raise FixSettings(
            "The endPoint of the S3 resource must be a host, such as s3.eu-central-1.amazonaws.com, and the "
            "port a number.",
            code="bad_settings",
        )
    host = f"[{host}]" if ":" in host else host
    usual = port in {None, {"http": 80, "https": 443}[parts.scheme]}
    return f"{parts.scheme}://{host}" if usual else f"{parts.scheme}://{host}:{port}"


def _is_plain(base_url: str) -> bool:
    parts = urlsplit(base_url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


def _port(value: object) -> int | None:
    if value in {None, "", 0}:
        return None
    port = int(str(value))
    if not 0 < port < 65_536:
        raise ValueError
    return port


def head_request(bucket: Bucket, key: str) -> Request:
    """Return the request for what S3 knows of an object."""
    path = bucket.path(key)
    return Request(method="HEAD", path=path, headers=_AS_STORED, endpoint="head_object", follow=False)


def get_request(bucket: Bucket, key: str, sink: Sink) -> Request:
    """Return the request for an object's bytes, as they are stored."""
    return replace(head_request(bucket, key), method="GET", endpoint="get_object", sink=sink)


def put_request(bucket: Bucket, key: str, data: Source, hashed: str, headers: Mapping[str, str]) -> Request:
    """Return the request that stores an object in one go. `hashed`: its SHA-256, in hex."""
    return Request(
        method="PUT",
        path=bucket.path(key),
        data=data,
        headers={"X-Amz-Content-Sha256": hashed, **headers},
        endpoint="put_object",
        not_applied=_NOT_APPLIED,
        follow=False,
    )


def begin_request(bucket: Bucket, key: str, headers: Mapping[str, str]) -> Request:
    """Return the request that begins a multipart upload. A second one that nobody needs would stay behind."""
    return Request(
        method="POST",
        path=bucket.path(key, [("uploads", "")]),
        headers=headers,
        endpoint="create_multipart_upload",
        not_applied=_NOT_APPLIED,
        follow=False,
    )


def part_request(
    bucket: Bucket, key: str, upload: str, number: int, data: Source, hashed: str, headers: Mapping[str, str]
) -> Request:
    """Return the request for one part. `hashed`: its SHA-256, in hex."""
    fields = [("partNumber", str(number)), ("uploadId", upload)]
    request = put_request(bucket, key, data, hashed, headers)
    return replace(request, path=bucket.path(key, fields), endpoint="upload_part")


def complete_request(
    bucket: Bucket, key: str, upload: str, parts: Sequence[Mapping[str, str]], headers: Mapping[str, str]
) -> Request:
    """Return the request that makes one object of the parts, each with its ETag and checksum."""
    body = "".join(
        f"<Part><PartNumber>{number}</PartNumber>"
        + "".join(f"<{name}>{escape(value)}</{name}>" for name, value in part.items())
        + "</Part>"
        for number, part in enumerate(parts, 1)
    )
    space = "http://s3.amazonaws.com/doc/2006-03-01/"
    return Request(
        method="POST",
        path=bucket.path(key, [("uploadId", upload)]),
        data=f'<CompleteMultipartUpload xmlns="{space}">{body}</CompleteMultipartUpload>'.encode(),
        headers={"Content-Type": "application/xml", **headers},
        endpoint="complete_multipart_upload",
        timeout=_LONG,
        not_applied=_NOT_APPLIED,
        follow=False,
    )


def abort_request(bucket: Bucket, key: str, upload: str) -> Request:
    """Return the request that drops a multipart upload and its parts."""
    path = bucket.path(key, [("uploadId", upload)])
    return Request(method="DELETE", path=path, endpoint="abort_multipart_upload", follow=False)


def copy_request(
    source: Bucket, key: str, target: Bucket, new_key: str, headers: Mapping[str, str]
) -> Request:
    """Return the request that copies an object, metadata included, within the service."""
    return Request(
        method="PUT",
        path=target.path(new_key),
        headers={"x-amz-copy-source": path_of(source.name, key), **headers},
        endpoint="copy_object",
        timeout=_LONG,
        not_applied=_NOT_APPLIED,
        follow=False,
    )


def delete_request(bucket: Bucket, key: str) -> Request:
    """Return the request that deletes an object; S3 answers the same whether there was one."""
    return Request(
        method="DELETE",
        path=bucket.path(key),
        endpoint="delete_object",
        not_applied=_NOT_APPLIED,
        follow=False,
    )


def list_request(bucket: Bucket, prefix: str, delimiter: str, most: int, token: str) -> Request:
    """Return the request for a page of the list; keys come encoded, as XML cannot hold every one."""
    fields = [("list-type", "2"), ("encoding-type", "url"), ("max-keys", str(most))]
    fields += [("prefix", prefix)] * bool(prefix) + [("delimiter", delimiter)] * bool(delimiter)
    fields += [("continuation-token", token)] * bool(token)
    return Request(method="GET", path=bucket.path("", fields), endpoint="list_objects", follow=False)


def read_stored(response: Response, bucket: Bucket) -> Stored:
    """Read what the headers of a HEAD or a GET say of an object."""
    check(response, region=bucket.key.region)
    headers = response.headers
    etag = headers.get("ETag", "").strip('"')
    if not etag:
        raise unreadable(response, "S3", "an ETag")
    metadata = {
        name.lower().removeprefix("x-amz-meta-"): value
        for name, value in headers.items()
        if name.lower().startswith("x-amz-meta-")
    }
    return Stored(
        size=_size_of(headers.get("Content-Length", ""), -1),
        etag=etag,
        content_type=headers.get("Content-Type", ""),
        modified=_iso_of(headers.get("Last-Modified", "")),
        md5=md5_of(response.headers),
        sha256=hex_of(headers.get("x-amz-checksum-sha256", "")) or metadata.get(SHA256, ""),
        metadata={name: value for name, value in metadata.items() if name not in {MARK, SHA256}},
        mark=metadata.get(MARK, ""),
        storage_class=headers.get("x-amz-storage-class", ""),
    )


def md5_of(headers: Mapping[str, str]) -> str:
    """Return the MD5 in the ETag, in hex; empty where it is something else."""
    etag = headers.get("ETag", "").strip('"')
    encrypted = headers.get("x-amz-server-side-encryption", "").startswith("aws:kms")
    customers = "x-amz-server-side-encryption-customer-algorithm" in headers
    return etag if _MD5.fullmatch(etag) and not encrypted and not customers else ""


def read_etag(response: Response, bucket: Bucket) -> str:
    """Read the ETag that a stored object or part has; a success without one is in doubt."""
    check(response, region=bucket.key.region)
    etag = response.headers.get("ETag", "").strip('"')
    if not etag:
        raise unreadable(response, "S3", "an ETag", in_doubt="The object may have been stored")
    return etag


def read_deleted(response: Response, bucket: Bucket) -> None:
    """Read that an object is gone, as it is if S3 says that there is none; in doubt if it is a page."""
    try:
        check(response, region=bucket.key.region, absent="NoSuchBucket")
    except FixInput as error:
        if error.code != ABSENT:
            raise
        return
    if response.body.strip():
        raise unreadable(response, "S3", "an empty reply", in_doubt="The object may still be there")


def read_value(response: Response, bucket: Bucket, root: str, name: str, in_doubt: str) -> str:
    """Read one value of an XML reply; a success without it is in doubt, also one that holds an error."""
    node = check(response, region=bucket.key.region)
    value = node.value(name).strip('"') if node is not None and node.name == root else ""
    if not value:
        raise unreadable(response, "S3", f"the {name} of a {root}", in_doubt=in_doubt)
    return value


def read_page(response: Response, bucket: Bucket) -> Page:
    """Read a page of the list.

    <ListBucketResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
    <NextContinuationToken>t</NextContinuationToken><Contents><Key>a</Key><Size>1</Size>...</Contents>
    <CommonPrefixes><Prefix>folder/</Prefix></CommonPrefixes></ListBucketResult>
    """
    node = check(response, region=bucket.key.region, absent="NoSuchBucket")
    if node is None or node.name != "ListBucketResult":
        raise unreadable(response, "S3", "a list")
    encoded = node.value("EncodingType") == "url"

    def plain(text: str) -> str:
        return unquote_plus(text) if encoded else text

    files = [_entry(one, plain(one.value("Key"))) for one in node.all("Contents")]
    folders = [plain(one.value("Prefix")) for one in node.all("CommonPrefixes")]
    more = node.value("IsTruncated").strip().lower() == "true"
    token = node.value("NextContinuationToken") if more else ""
    if more and not token:
        raise unreadable(response, "S3", "a token for the next page")
    return Page(files, folders, token)


def _entry(node: Node, key: str) -> FileEntry:
    return {
        "key": key,
        "size": _size_of(node.value("Size"), 0),
        "modified": node.value("LastModified"),
        "etag": node.value("ETag").strip('"'),
    }


def _size_of(text: str, unknown: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else unknown


def hex_of(checksum: str) -> str:
    """Return a checksum of a whole object in hex; empty for anything else, as that of parts (`...-3`)."""
    try:
        read = base64.b64decode(checksum, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return read.hex() if len(read) == 32 else ""


def _iso_of(date: str) -> str:
    try:
        return to_iso(parsedate_to_datetime(date).timestamp())
    except (ValueError, TypeError, OverflowError):
        return ""
