"""What S3's error codes mean, and those of services that speak its language.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from f.connect.calls.reply_reader import line_of, named, word_of
from f.connect.errors import (
    ConnectError,
    FixInput,
    FixSettings,
    GiveUpRecord,
    OutcomeUnknown,
    SignInAgain,
    TryLater,
    WaitForQuota,
)
from f.files.s3.xml_reply import Node, read_xml

if TYPE_CHECKING:
    from f.connect.calls.message import Response

EXISTS = "PreconditionFailed"
ABSENT = "NoSuchKey"
UPLOAD_GONE = "NoSuchUpload"
_REGION_HEADER = "x-amz-bucket-region"
_WRONG_REGION = frozenset(
    {"AuthorizationHeaderMalformed", "AuthorizationQueryParametersError", "PermanentRedirect",
     "TemporaryRedirect", "IllegalLocationConstraintException"}
)  # fmt: skip
_IN_DOUBT = frozenset({"InternalError", "ServiceUnavailable", "RequestTimeout"})  # inside a 200, of a write
_UNPROVEN = "This may be a proxy's answer. Check endPoint and the rights of the key"

_REFUSALS: tuple[tuple[type[ConnectError], Mapping[str, str]], ...] = (
    (
        FixInput,
        {
            ABSENT: "there is no object under this key. Check the key: capitals count",
            "NoSuchVersion": "there is no such version of the object",
            "KeyTooLongError": "the key is too long. It may have 1,024 bytes",
            "EntityTooLarge": "the object is too large. One request takes 5 GiB, and this service may "
            "take less",
            "EntityTooSmall": "a part is too small. Give a larger part_mb",
            "MetadataTooLarge": "the metadata is too large. It may have 2 KB in all",
            "InvalidRange": "the object has no such range of bytes",
            "InvalidStorageClass": "it has no such storage class",
        },
    ),
    (
        FixSettings,
        {
            "NoSuchBucket": "there is no such bucket. Check bucket, region and endPoint in the resource",
            "InvalidBucketName": "the bucket's name is not valid. Correct it in the resource",
            "RequestTimeTooSkewed": "the clock of this machine is wrong by more than 15 minutes. Set the "
            "clock "
            "(NTP) and run again",
            "RequestExpired": "the clock of this machine is wrong. Set the clock (NTP) and run again",
            "NotImplemented": "this service does not offer what was asked. See the notices of "
            "f/files/README.md",
            "MethodNotAllowed": "this service does not offer what was asked here. Check endPoint and "
            "pathStyle",
            "InvalidRegionName": "it has no such region. Correct region in the resource",
        },
    ),
    (
        SignInAgain,
        {
            "AccessDenied": "the access key may not do this. Give it the right to (s3:GetObject, "
            "s3:PutObject, "
            "s3:ListBucket, s3:DeleteObject), or use another",
            "AllAccessDisabled": "all access to the bucket is disabled",
            "AccountProblem": "there is a problem with the account. Ask whoever runs it",
            "SignatureDoesNotMatch": "the signature does not fit. The secretKey is wrong, or a proxy changes "
            "requests on the way",
            "InvalidAccessKeyId": "the accessKey is not known. Replace the key",
            "ExpiredToken": "the sessionToken has expired. Get a new temporary key",
            "XAdminUserNotFound": "the accessKey is not known. Replace the key",  # versitygw's word
            "InvalidToken": "the sessionToken is not valid. Get a new temporary key",
            "TokenRefreshRequired": "the sessionToken has to be renewed. Get a new temporary key",
            "InvalidSecurity": "the credential is not valid. Replace the key",
            "NotSignedUp": "the account is not signed up for S3",
        },
    ),
    (
        TryLater,
        {
            "SlowDown": "it asks for fewer requests. Try again later",
            "ServiceUnavailable": "it is busy. Try again later",
            "Busy": "it is busy. Try again later",
            "InternalError": "it failed. Try again later",
            "RequestTimeout": "the content did not arrive in time. Try again later",
            "OperationAborted": "another request is changing the same object. Try again later",
            "ConditionalRequestConflict": "another request is writing the same object. Try again later",
            "BadDigest": "the content was changed on the way, and nothing was stored. Try again",
            "XAmzContentSHA256Mismatch": "the content was changed on the way, and nothing was stored. Try "
            "again",
            "XAmzContentChecksumMismatch": "the content was changed on the way, and nothing was stored. "
            "Try again",
            "IncompleteBody": "the content ended too early, and nothing was stored. Try again",
            UPLOAD_GONE: "the multipart upload is gone, as after a clean-up of the bucket. Upload again",
            "InvalidPart": "a part of the upload is gone or was changed. Upload again",
            "InvalidPartOrder": "the parts of the upload are out of order. Upload again",
        },
    ),
    (
        WaitForQuota,
        {
            "QuotaExceeded": "the space of the bucket or account is used up. Free some, or raise the quota",
            "XMinioStorageFull": "the disk of the service is full. Free some space there",
        },
    ),
    (
        GiveUpRecord,
        {
            EXISTS: "an object with this key exists already, and was not replaced",
            "InvalidObjectState": "the object is archived. Have it restored first",
            "ObjectLocked": "the object is locked against changes",
        },
    ),
)  # fmt: skip


def check(response: Response, *, region: str = "", absent: str = ABSENT) -> Node | None:
    """Return the XML of a success, None if it is something else; raise what a refusal means.

    `region` is that of the resource. `absent` is what a 404 without a body says, as that of a HEAD.
    """
    node = read_xml(response.body) if response.body.lstrip()[:1] == b"<" else None
    error = node if node is not None and node.name == "Error" else None
    if response.success and error is None:
        return node
    code = word_of(error.value("Code")) if error is not None else ""
    raise named(_refusal(response, code or _by_status(response, absent), error, region), response)


def code_of(error: ConnectError) -> str:
    """Return S3's own name of an error; empty if it has none."""
    return error.code or ""


def _by_status(response: Response, absent: str) -> str:
    """Return the code that a reply without a body stands for: a HEAD has none."""
    if response.body and response.request.method != "HEAD":
        return ""
    return {404: absent, 412: EXISTS, 403: "AccessDenied"}.get(response.status, "")


def _refusal(response: Response, code: str, error: Node | None, region: str) -> ConnectError:
    right = word_of(response.headers.get(_REGION_HEADER, "")) or (
        word_of(error.value("Region")) if error else ""
    )
    if (code in _WRONG_REGION or 300 <= response.status < 400 or response.status == 400) and (
        right and right != region
    ):
        return FixSettings(
            f"The bucket lies in the region {right}, and the resource says {region or 'none'}. Set region to "
            f"{right}, and endPoint to that region's if it names one.",
            code="wrong_region",
        )
    if code in _WRONG_REGION or 300 <= response.status < 400:
        place = line_of(error.value("Endpoint")) if error else ""
        return FixSettings(
            f"S3 says that the bucket is elsewhere{f', at {place}' if place else ''} "
            f"({code or response.status}). "
            "Check region and endPoint in the resource.",
            code="wrong_region",
        )
    if response.success and code in _IN_DOUBT:
        return OutcomeUnknown(
            f"S3 began, answered 200 and then failed ({code}). It may have been applied: look at the object "
            "before doing it again.",
            code=code,
            repeat_safe=response.request.may_repeat,
        )
    for kind, sentences in _REFUSALS:
        if code in sentences:
            return kind(f"S3 refused: {sentences[code]} ({code}).", code=code)
    return _unnamed(response, code, line_of(error.value("Message")) if error else "")


def _unnamed(response: Response, code: str, message: str) -> ConnectError:
    name = code or f"http_{response.status}"
    detail = f" {message}" if message else ""
    if response.status == 403:
        return SignInAgain(f"S3 refused the access key ({name}).{detail} {_UNPROVEN}.", code=name)
    if response.status in {404, 405, 410}:
        return FixSettings(f"There is no such bucket or call here ({name}).{detail} {_UNPROVEN}.", code=name)
    if response.status in {408, 425, 429} or (response.status >= 500 and response.request.is_read):
        return TryLater(f"S3 is busy or failed ({name}).{detail} Try again later.", code=name)
    if response.status >= 500:
        return OutcomeUnknown(
            f"S3 failed ({name}).{detail} It may have been applied: look at the object before doing it "
            "again.",
            code=name,
            repeat_safe=response.request.may_repeat,
        )
    return GiveUpRecord(f"S3 refused this as it is ({name}).{detail}", code=name)
