"""An S3 bucket: a list of one object.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from f.connect.calls.reply_reader import unreadable
from f.connect.errors import SignInAgain
from f.files.s3.client import bucket_of, list_request
from f.files.s3.refusals import check
from f.operate.services.service import Service, client_for

if TYPE_CHECKING:
    from f.connect.calls.message import Request, Response
    from f.connect.client import Client
    from f.files.s3.client import Bucket
    from f.store.store import Store


def client_of(resource: Mapping[str, Any], store: Store) -> Client:
    """Return the client of a bucket."""
    return client_for(bucket_of(resource).integration, store)


def canary(resource: Mapping[str, Any]) -> Request:
    """Return the GET of one object's name. A HEAD of the bucket would be refused without a reason."""
    bucket = bucket_of(resource)
    request = list_request(bucket, "", "", 1, "")
    request.context = bucket
    return request


def account_in(response: Response) -> str:
    """Return the bucket and its region.

    A key is known before its rights are looked at, so one that may not list the bucket is right as well.
    """
    bucket: Bucket = response.request.context
    where = f"bucket {bucket.name}, {bucket.key.region}"
    try:
        node = check(response, region=bucket.key.region, absent="NoSuchBucket")
    except SignInAgain as error:
        if error.code == "AccessDenied":
            return f"{where}; the key may not list it"
        raise
    if node is None or node.name != "ListBucketResult":
        raise unreadable(response, "S3", "a list of objects")
    return where


SERVICES = {
    "s3": Service(
        name="s3",
        title="S3",
        resource_type="s3",
        purpose="files",
        client_of=client_of,
        canary=canary,
        account_in=account_in,
        credential_page="https://console.aws.amazon.com/iam/home#/security_credentials",
    )
}
