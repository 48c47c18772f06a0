"""The twin of S3: buckets, objects, multipart uploads, lists, copies; signatures are checked.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
Buckets are addressed by path alone, `/bucket/key`. A bucket that the settings do not name does not exist.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import time
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any
from urllib.parse import quote_plus, unquote
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from pydantic import BaseModel, ConfigDict

from mill.strict_values import whole_number
from mill.twins.formats.s3_signature import Account, BadSignature, verify
from mill.twins.message import Refused, Reply, Request
from mill.twins.twin import Route, Setup, Twin

_OBJECT, _UPLOAD, _PART = "object", "upload", "part"
_SMALLEST_PART = 5 << 20
_LONGEST_KEY = 1024
_MOST_METADATA = 2048
_XML = {"content-type": "application/xml"}
_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_PART_OF_BODY = re.compile(r"\{[^}]*\}")
_CODES = {400: "InvalidRequest", 403: "AccessDenied", 404: "NoSuchKey", 405: "MethodNotAllowed",
          429: "SlowDown", 503: "SlowDown"}  # fmt: skip
_STATUS = {
    "AccessDenied": 403, "InvalidAccessKeyId": 403, "SignatureDoesNotMatch": 403, "RequestTimeTooSkewed": 403,
    "NoSuchBucket": 404, "NoSuchKey": 404, "NoSuchUpload": 404, "PreconditionFailed": 412,
    "InvalidRange": 416, "NotImplemented": 501,
}  # fmt: skip
_MESSAGES = {
    "AccessDenied": "Access Denied",
    "BadDigest": "The checksum you specified did not match the content received.",
    "EntityTooSmall": "Your proposed upload is smaller than the minimum allowed size.",
    "InvalidPart": "One or more of the specified parts could not be found.",
    "InvalidPartOrder": "The list of parts was not in ascending order.",
    "KeyTooLongError": "Your key is too long.",
    "MetadataTooLarge": "Your metadata headers exceed the maximum allowed metadata size.",
    "NoSuchBucket": "The specified bucket does not exist.",
    "NoSuchKey": "The specified key does not exist.",
    "NoSuchUpload": "The specified upload does not exist.",
    "PreconditionFailed": "At least one of the pre-conditions you specified did not hold.",
}


class Settings(BaseModel):
    """What this account is like. With a `session_token` the key is a temporary one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    access_key: str = "AKTWIN"
    secret_key: str = "twin"  # noqa: S105 - protects nothing
    session_token: str = ""
    region: str = "us-east-1"
    buckets: list[str] = ["files", "archive"]
    keeps_checksums: bool = True  # whether it answers x-amz-checksum-sha256, which not every service does


def error(status: int, message: str, code: str = "") -> Reply:
    """Return an error in S3's shape."""
    name = code or _CODES.get(status, "InternalError")
    body = f"<Error><Code>{name}</Code><Message>{escape(message)}</Message></Error>"
    return Reply(status if status != 429 else 503, _document(body), _XML)


def build(setup: Setup) -> Twin:
    """Return the twin for `settings` of the form of Settings."""
    settings = Settings.model_validate(setup.settings)
    service = _S3(setup, settings)
    return Twin(
        name="s3",
        settings=settings,
        error=error,
        gate=service.gate,
        routes=[
            Route("GET", "/{bucket}", "list_objects", service.list_objects),
            Route("HEAD", "/{bucket}", "head_bucket", service.head_bucket),
            Route("GET", "/{bucket}/{key...}", "get_object", service.get),
            Route("HEAD", "/{bucket}/{key...}", "head_object", service.get),
            Route("PUT", "/{bucket}/{key...}", "put_object", service.put),
            Route("POST", "/{bucket}/{key...}", "post_object", service.post),
            Route("DELETE", "/{bucket}/{key...}", "delete_object", service.delete),
        ],
    )


class _S3:
    def __init__(self, setup: Setup, settings: Settings) -> None:
        self._ledger, self._records, self._clock = setup.ledger, setup.records, setup.clock
        self._settings = settings
        self._account = Account(
            settings.access_key, settings.secret_key, settings.session_token, settings.region
        )

    def gate(self, request: Request) -> Mapping[str, str]:
        """A signature of the account, and a bucket that there is."""
        try:
            verify(request, self._account, self._clock())
        except BadSignature as refused:
            reply = _refusal(refused.code, _region(self._settings) if "Malformed" in refused.code else "")
            raise Refused(reply) from refused
        if request.params["bucket"] not in self._settings.buckets:
            raise Refused(_refusal("NoSuchBucket"))
        if len(request.params.get("key", "").encode()) > _LONGEST_KEY:
            raise Refused(_refusal("KeyTooLongError"))
        return {"x-amz-request-id": secrets.token_hex(8).upper()}

    def head_bucket(self, request: Request) -> Reply:
        """200 for a bucket that there is."""
        del request
        return Reply(200, None, {"x-amz-bucket-region": self._settings.region})

    def list_objects(self, request: Request) -> Reply:
        """ListObjectsV2: by prefix and delimiter, page by page; the token is the last key of a page."""
        query = request.query
        most = whole_number(query.get("max-keys", "1000"))
        if query.get("list-type") != "2" or most is None or not most >= 0:
            raise Refused(_refusal("NotImplemented"))
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        after = _untoken(query.get("continuation-token", "")) or query.get("start-after", "")
        found: dict[str, dict[str, Any] | None] = {}
        for body in self._objects(request.params["bucket"]):
            key = body["key"]
            if not key.startswith(prefix):
                continue
            head, cut, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
            name = f"{prefix}{head}{cut}" if cut else key
            if name > after and not (cut and after.startswith(name)):
                found[name] = None if cut else body
        names = sorted(found, key=str.encode)
        page, more = names[: min(most, 1000)], len(names) > min(most, 1000)
        return Reply(200, _list_document(request, page, found, page[-1] if more and page else ""), _XML)

    def get(self, request: Request) -> Reply:
        """Return an object, or a range of it; a HEAD gets the same without the body."""
        found = self._find(request)
        if found is None:
            return _refusal("NoSuchKey")
        body, data = found, base64.b64decode(found["data"])
        headers = self._object_headers(body)
        if request.headers.get("x-amz-checksum-mode") != "ENABLED":
            headers.pop("x-amz-checksum-sha256", None)
        for name in ("content-disposition", "content-type", "cache-control"):
            if f"response-{name}" in request.query:
                headers[name] = request.query[f"response-{name}"]
        asked = _RANGE.fullmatch(request.headers.get("range", ""))
        if asked is None:
            return Reply(200, data, headers)
        start, end = _span(asked, len(data))
        if start >= len(data):
            return _refusal("InvalidRange")
        headers.pop("x-amz-checksum-sha256", None)  # it is of the whole
        headers["content-range"] = f"bytes {start}-{end}/{len(data)}"
        return Reply(206, data[start : end + 1], headers)

    def put(self, request: Request) -> Reply:
        """Store an object or a part, or copy an object."""
        if "x-amz-copy-source" in request.headers:
            return self._copy(request)
        checksums = _checked(request)
        if "uploadId" in request.query:
            return self._put_part(request, checksums)
        self._refuse_existing(request)
        body = {**_described(request), "data": base64.b64encode(request.body).decode(), "parts": 0}
        body |= {"etag": hashlib.md5(request.body, usedforsecurity=False).hexdigest(), **checksums}
        self._store(request.params["bucket"], request.params["key"], body)
        return Reply(200, None, self._answer_headers(body))

    def post(self, request: Request) -> Reply:
        """Begin a multipart upload, or make one object of its parts."""
        if "uploads" in request.query:
            upload = secrets.token_urlsafe(32)
            self._records.add(_UPLOAD, {**_described(request), **request.params}, {"id": upload})
            names = f"<Bucket>{request.params['bucket']}</Bucket><Key>{escape(request.params['key'])}</Key>"
            return _result("InitiateMultipartUploadResult", f"{names}<UploadId>{upload}</UploadId>")
        if "uploadId" in request.query:
            return self._complete(request)
        return _refusal("NotImplemented")

    def delete(self, request: Request) -> Reply:
        """204, whether there was such an object or not; an upload is dropped with its parts."""
        if "uploadId" in request.query:
            number, _ = self._upload(request)
            self._drop(number, request.query["uploadId"])
            return Reply(204)
        for number in self._records.find(_OBJECT, "name", _name(request)):
            self._records.remove(_OBJECT, number)
            self._ledger.append("deleted", request.params["key"], {"bucket": request.params["bucket"]})
        return Reply(204)

    def _put_part(self, request: Request, checksums: Mapping[str, str]) -> Reply:
        self._upload(request)
        number = whole_number(request.query.get("partNumber", ""))
        if number is None or not 1 <= number <= 10_000:
            return _refusal("InvalidArgument")
        upload = request.query["uploadId"]
        etag = hashlib.md5(request.body, usedforsecurity=False).hexdigest()
        body = {"data": base64.b64encode(request.body).decode(), "etag": etag, **checksums}
        for old in self._records.find(_PART, "place", f"{upload} {number}"):
            self._records.remove(_PART, old)
        self._records.add(_PART, body, {"place": f"{upload} {number}", "upload": upload})
        return Reply(200, None, self._answer_headers(body))

    def _complete(self, request: Request) -> Reply:
        record, upload = self._upload(request)
        self._refuse_existing(request)
        wanted = _parts_of(request.body)
        data, digests, last = b"", b"", 0
        for place, (number, etag) in enumerate(wanted, 1):
            found = self._records.find(_PART, "place", f"{request.query['uploadId']} {number}")
            part = self._records.get(_PART, found[0]) if found else None
            if part is None or part["etag"] != etag:
                return _refusal("InvalidPart")
            if number <= last:
                return _refusal("InvalidPartOrder")
            piece = base64.b64decode(part["data"])
            if place < len(wanted) and len(piece) < _SMALLEST_PART:
                return _refusal("EntityTooSmall")
            data, digests, last = data + piece, digests + bytes.fromhex(etag), number
        if not wanted:
            return _refusal("MalformedXML")
        etag = f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(wanted)}"
        described = {name: upload[name] for name in ("type", "metadata")}
        body = {**described, "data": base64.b64encode(data).decode(), "etag": etag, "parts": len(wanted)}
        self._store(request.params["bucket"], request.params["key"], body)
        self._drop(record, request.query["uploadId"])
        return _result("CompleteMultipartUploadResult", f'<ETag>"{etag}"</ETag>')

    def _copy(self, request: Request) -> Reply:
        source = unquote(request.headers["x-amz-copy-source"]).lstrip("/")
        bucket, _, key = source.partition("/")
        if bucket not in self._settings.buckets:
            return _refusal("NoSuchBucket")
        found = self._records.find(_OBJECT, "name", f"{bucket}\n{key}")
        body = self._records.get(_OBJECT, found[0]) if found else None
        if body is None:
            return _refusal("NoSuchKey")
        if request.headers.get("x-amz-copy-source-if-match", body["etag"]).strip('"') != body["etag"]:
            return _refusal("PreconditionFailed")
        self._refuse_existing(request)
        self._store(request.params["bucket"], request.params["key"], body)
        return _result("CopyObjectResult", f'<ETag>"{body["etag"]}"</ETag>')

    def _refuse_existing(self, request: Request) -> None:
        if request.headers.get("if-none-match") == "*" and self._find(request) is not None:
            raise Refused(_refusal("PreconditionFailed"))

    def _store(self, bucket: str, key: str, body: Mapping[str, Any]) -> None:
        name = {"name": f"{bucket}\n{key}"}
        kept = {**body, "bucket": bucket, "key": key, "modified": self._clock()}
        for number in self._records.find(_OBJECT, "name", name["name"]):
            self._records.remove(_OBJECT, number)
        self._records.add(_OBJECT, kept, name)
        size = len(base64.b64decode(kept["data"]))
        facts = {"bucket": bucket, "key": key, "size": size, "etag": kept["etag"], "type": kept["type"]}
        self._ledger.append("stored", key, {**facts, "metadata": kept["metadata"], "parts": kept["parts"]})

    def _objects(self, bucket: str) -> list[dict[str, Any]]:
        objects: list[dict[str, Any]] = []
        after = 0
        while page := self._records.page(_OBJECT, after=after, limit=1000):
            objects += [body for _, body in page if body["bucket"] == bucket]
            after = page[-1][0]
        return objects

    def _find(self, request: Request) -> dict[str, Any] | None:
        found = self._records.find(_OBJECT, "name", _name(request))
        return self._records.get(_OBJECT, found[0]) if found else None

    def _upload(self, request: Request) -> tuple[int, dict[str, Any]]:
        found = self._records.find(_UPLOAD, "id", request.query["uploadId"])
        upload = self._records.get(_UPLOAD, found[0]) if found else None
        if upload is None or upload["key"] != request.params["key"]:
            raise Refused(_refusal("NoSuchUpload"))
        return found[0], upload

    def _drop(self, record: int, upload: str) -> None:
        for number in self._records.find(_PART, "upload", upload):
            self._records.remove(_PART, number)
        self._records.remove(_UPLOAD, record)

    def _object_headers(self, body: Mapping[str, Any]) -> dict[str, str]:
        metadata = {f"x-amz-meta-{name}": value for name, value in body["metadata"].items()}
        modified = formatdate(body["modified"], usegmt=True)
        plain = {"content-type": body["type"], "last-modified": modified, "accept-ranges": "bytes"}
        return {**plain, **self._answer_headers(body), **metadata}

    def _answer_headers(self, body: Mapping[str, Any]) -> dict[str, str]:
        headers = {"etag": f'"{body["etag"]}"'}
        if self._settings.keeps_checksums and body.get("sha256"):
            headers["x-amz-checksum-sha256"] = body["sha256"]
        return headers


def _described(request: Request) -> dict[str, Any]:
    """Return the type and the metadata a request gives; Refused for too much of it."""
    metadata = {
        name.removeprefix("x-amz-meta-"): value
        for name, value in request.headers.items()
        if name.startswith("x-amz-meta-")
    }
    if sum(len(name) + len(value) for name, value in metadata.items()) > _MOST_METADATA:
        raise Refused(_refusal("MetadataTooLarge"))
    return {"type": request.headers.get("content-type", "binary/octet-stream"), "metadata": metadata}


def _checked(request: Request) -> dict[str, str]:
    """Compare the checksums that a request brings with its body, and return the one that is kept."""
    sha256 = base64.b64encode(hashlib.sha256(request.body).digest()).decode()
    md5 = base64.b64encode(hashlib.md5(request.body, usedforsecurity=False).digest()).decode()
    if request.headers.get("content-md5", md5) != md5:
        raise Refused(_refusal("BadDigest"))
    if request.headers.get("x-amz-checksum-sha256", sha256) != sha256:
        raise Refused(_refusal("BadDigest"))
    return {"sha256": sha256} if "x-amz-checksum-sha256" in request.headers else {}


def _parts_of(body: bytes) -> list[tuple[int, str]]:
    try:
        root = ET.fromstring(body)  # noqa: S314 - a twin on loopback, asked by tests
    except ET.ParseError as problem:
        raise Refused(_refusal("MalformedXML")) from problem
    parts = []
    for part in root:
        values = {_PART_OF_BODY.sub("", field.tag): field.text or "" for field in part}
        number = whole_number(values.get("PartNumber", ""))
        if number is None:
            raise Refused(_refusal("MalformedXML"))
        parts.append((number, values.get("ETag", "").strip('"')))
    return parts


def _span(asked: re.Match[str], size: int) -> tuple[int, int]:
    if not asked[1]:
        return max(0, size - int(asked[2] or 0)), size - 1
    return int(asked[1]), min(int(asked[2]) if asked[2] else size - 1, size - 1)


def _list_document(
    request: Request, page: list[str], found: Mapping[str, dict[str, Any] | None], last: str
) -> bytes:
    encoded = request.query.get("encoding-type") == "url"

    def text(value: str) -> str:
        return escape(quote_plus(value, safe="/") if encoded else value)

    files, folders = "", ""
    for name in page:
        body = found[name]
        if body is None:
            folders += f"<CommonPrefixes><Prefix>{text(name)}</Prefix></CommonPrefixes>"
            continue
        modified = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(body["modified"]))
        size = len(base64.b64decode(body["data"]))
        files += (
            f"<Contents><Key>{text(name)}</Key><LastModified>{modified}</LastModified>"
            f"<ETag>&quot;{body['etag']}&quot;</ETag><Size>{size}</Size>"
            "<StorageClass>STANDARD</StorageClass></Contents>"
        )
    more = f"<NextContinuationToken>{_token(last)}</NextContinuationToken>" if last else ""
    kind = "<EncodingType>url</EncodingType>" if encoded else ""
    head = (
        f"<Name>{request.params['bucket']}</Name>{kind}"
        f"<Prefix>{text(request.query.get('prefix', ''))}</Prefix>"
        f"<KeyCount>{len(page)}</KeyCount><IsTruncated>{'true' if last else 'false'}</IsTruncated>{more}"
    )
    root = f'<ListBucketResult xmlns="{_NAMESPACE}">{head}{files}{folders}</ListBucketResult>'
    return _document(root)


def _token(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _untoken(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token).decode()
    except ValueError as problem:
        raise Refused(_refusal("InvalidArgument")) from problem


def _name(request: Request) -> str:
    return f"{request.params['bucket']}\n{request.params['key']}"


def _region(settings: Settings) -> str:
    return f"<Region>{settings.region}</Region>"


def _refusal(code: str, more: str = "") -> Reply:
    message = _MESSAGES.get(code, code)
    body = f"<Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>"
    return Reply(_STATUS.get(code, 400), _document(body), _XML)


def _result(name: str, inner: str) -> Reply:
    return Reply(200, _document(f'<{name} xmlns="{_NAMESPACE}">{inner}</{name}>'), _XML)


def _document(body: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode()
