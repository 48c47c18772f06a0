"""The inputs of the flows that import customers, as their forms declare them; a test holds both together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from f.windmill.flow_inputs import Schema

_TARGET = {"type": "object", "format": "resource-customer_api"}
_JOURNAL = {"type": "object", "format": "resource-postgresql"}
_ON_DUPLICATE = {"type": "string", "enum": ["skip", "update", "fail"]}
_VERIFY = {"type": "string", "enum": ["none", "sample", "all"]}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_JOBS = {"type": "integer", "minimum": 1, "maximum": 50}

IMPORT_CSV: Schema = {
    "csv": {"type": "string", "contentEncoding": "base64"},
    "text": {"type": "string"},
    "file": {"type": "object", "format": "resource-s3_object"},
    "url": {"type": "string"},
    "sheet": {"type": "string"},
    "api": _TARGET,
    "on_duplicate": _ON_DUPLICATE,
    "dry_run": {"type": "boolean"},
    "ask_first": {"type": "boolean"},
    "apply_plan": {"type": "string"},
    "default_country": {"type": "string"},
    "mapping": {"type": "object"},
    "max_bad_share": _SHARE,
    "on_too_many_bad": {"type": "string", "enum": ["fail", "ask"]},
    "batch_size": {"type": "integer", "minimum": 1, "maximum": 10_000},
    "delay_between_batches": {"type": "number", "minimum": 0, "maximum": 300},
    "concurrency": {"type": "integer", "minimum": 1, "maximum": 256},
    "parallel_jobs": _JOBS,
    "chunk_rows": {"type": "integer", "minimum": 1, "maximum": 100_000},
    "encoding": {"type": "string"},
    "delimiter": {"type": "string"},
    "has_header": {"type": "boolean"},
    "header_row": {"type": "integer", "minimum": 1},
    "corrections": {"type": "object"},
    "park_after": {"type": "integer", "minimum": 0, "maximum": 86_400},
    "journal": _JOURNAL,
    "resend_unknown": {"type": "boolean"},
    "verify": _VERIFY,
    "resend_missing": {"type": "boolean"},
    "slack_webhook_url": {"type": "string"},
    "webhook_url": {"type": "string"},
    "continues": {"type": "string"},
}

IMPORT_INBOX: Schema = {
    "prefix": {"type": "string"},
    "patterns": {"type": "array"},
    "sheet": {"type": "string"},
    "api": _TARGET,
    "on_duplicate": _ON_DUPLICATE,
    "default_country": {"type": "string"},
    "mapping": {"type": "object"},
    "max_bad_share": _SHARE,
    "parallel_jobs": _JOBS,
    "header_row": {"type": "integer", "minimum": 1},
    "done_prefix": {"type": "string"},
    "failed_prefix": {"type": "string"},
    "max_files": {"type": "integer", "minimum": 1, "maximum": 1000},
    "quiet_seconds": {"type": "integer", "minimum": 0, "maximum": 86_400},
    "max_attempts": {"type": "integer", "minimum": 1, "maximum": 1000},
    "lease_minutes": {"type": "number", "minimum": 0},
    "storage": {"type": "string"},
    "journal": _JOURNAL,
    "verify": _VERIFY,
    "slack_webhook_url": {"type": "string"},
    "webhook_url": {"type": "string"},
}
