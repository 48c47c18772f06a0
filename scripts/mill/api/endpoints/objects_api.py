"""S3 objects over HTTP, streamed both ways: what `wmill.write_s3_file` and `load_s3_file` call."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from mill.api.storage.objects import DEFAULT_EXPIRY, DEFAULT_STORAGE, Objects, StoredObject
from mill.api.transport.endpoint import Call, endpoint
from mill.api.transport.replies import Refusal, is_header_value, json_response
from mill.strict_values import whole_number

_WRITE_SIZE = 1024 * 1024  # bytes gathered before a thread writes them
_MOST_KEYS = 1000


class ObjectsApi:
    """The endpoints below `/api/w/<workspace>/job_helpers`, and the signed URLs of `/s3_proxy`."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def routes(self) -> list[Route]:
        """Return the routes relative to the workspace."""
        return [
            Route("/job_helpers/upload_s3_file", self._upload, methods=["POST"]),
            Route("/job_helpers/download_s3_file", endpoint(self._download)),
            Route("/job_helpers/delete_s3_file", endpoint(self._delete), methods=["DELETE"]),
            Route("/job_helpers/move_s3_file", endpoint(self._move)),
            Route("/job_helpers/load_file_metadata", endpoint(self._metadata)),
            Route("/job_helpers/list_stored_files", endpoint(self._list)),
            Route("/apps/sign_s3_objects", endpoint(self._sign), methods=["POST"]),
            Route("/s3_proxy/{storage}/{key:path}", endpoint(self._signed_download)),
        ]

    async def _upload(self, request: Request) -> Response:
        query = request.query_params
        _refuse_resource(query.get("s3_resource_path"))
        key = query.get("file_key") or _random_key(query.get("file_extension"))
        storage = query.get("storage") or DEFAULT_STORAGE
        content_type, disposition = (
            query.get("content_type") or None,
            query.get("content_disposition") or None,
        )
        for name, value in {"content_type": content_type, "content_disposition": disposition}.items():
            if value is not None and not is_header_value(value):
                raise Refusal(400, f"{name} has characters no header can carry, or too many: leave it out.")
        upload = self._objects.upload(storage, key, content_type, disposition)
        with upload as file:
            waiting = bytearray()
            async for chunk in request.stream():
                waiting += chunk
                if len(waiting) >= _WRITE_SIZE:
                    await run_in_threadpool(file.write, waiting)
                    waiting = bytearray()
            await run_in_threadpool(file.write, waiting)
        return json_response({"file_key": key})

    def _download(self, call: Call) -> Response:
        return _file(self._objects.stat(*_location(call)))

    def _delete(self, call: Call) -> Response:
        storage, key = _location(call)
        self._objects.delete(storage, key)
        return PlainTextResponse(f"deleted file at {key}")

    def _move(self, call: Call) -> Response:
        _refuse_resource(call.query("s3_resource_path"))
        source, target = call.query("src_file_key"), call.query("dest_file_key")
        if source is None or target is None:
            raise Refusal(400, "src_file_key and dest_file_key are needed: name both S3 objects.")
        self._objects.move(call.query("storage") or DEFAULT_STORAGE, source, target)
        return PlainTextResponse(f"moved file from {source} to {target}")

    def _metadata(self, call: Call) -> Response:
        found = self._objects.stat(*_location(call))
        modified = datetime.fromtimestamp(found.modified, UTC).isoformat()
        facts = {"mime_type": found.content_type, "size_in_bytes": found.size, "last_modified": modified}
        return json_response({**facts, "expires": None, "version_id": None})

    def _list(self, call: Call) -> Response:
        asked = whole_number(call.query("max_keys") or str(_MOST_KEYS))
        if not asked:
            raise Refusal(400, "max_keys must be a whole number above 0.")
        limit = min(asked, _MOST_KEYS)
        storage = call.query("storage") or DEFAULT_STORAGE
        keys = self._objects.keys(storage, call.query("prefix") or "", call.query("marker") or "", limit + 1)
        more = len(keys) > limit
        return json_response(
            {
                "windmill_large_files": [{"s3": key} for key in keys[:limit]],
                "next_marker": keys[limit - 1] if more else None,
                "restricted_access": False,
            }
        )

    def _sign(self, call: Call) -> Response:
        fields = call.fields()
        wanted, expiry = fields.get("s3_objects"), fields.get("expiry_secs", DEFAULT_EXPIRY)
        if not isinstance(wanted, list) or not all(
            isinstance(item, dict) and "s3" in item for item in wanted
        ):
            raise Refusal(400, "s3_objects must be a list of S3 objects, each with s3.")
        if not isinstance(expiry, int | float):
            raise Refusal(400, "expiry_secs must be a number of seconds.")
        signed = []
        for item in wanted:
            storage = item.get("storage") or DEFAULT_STORAGE
            signed.append({**item, "presigned": self._objects.sign(storage, str(item["s3"]), expiry)})
        return json_response(signed)

    def _signed_download(self, call: Call) -> Response:
        storage, key = call.path("storage"), call.path("key")
        query = parse_qs(call.request.url.query)
        expires, signature = query.get("exp", [""])[0], query.get("sig", [""])[0]
        self._objects.check_signature(storage, key, expires, signature)
        return _file(self._objects.stat(storage, key))


def _location(call: Call) -> tuple[str, str]:
    _refuse_resource(call.query("s3_resource_path"))
    key = call.query("file_key")
    if key is None:
        raise Refusal(400, "file_key is missing: name the S3 object.")
    return call.query("storage") or DEFAULT_STORAGE, key


def _file(found: StoredObject) -> Response:
    headers = {"content-disposition": found.content_disposition} if found.content_disposition else None
    return FileResponse(found.file, media_type=found.content_type, headers=headers)


def _refuse_resource(path: str | None) -> None:
    if path:
        raise Refusal(
            501,
            f"S3 objects in the bucket of a resource ({path}) are not offered by `mill`: "
            "leave s3_resource_path out to use the workspace's own storage.",
        )


def _random_key(extension: str | None) -> str:
    name = f"windmill_uploads/{secrets.token_hex(16)}"
    return f"{name}.{extension}" if extension else name
