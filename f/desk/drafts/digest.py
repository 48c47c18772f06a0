"""What a check and a plan were made of, as a hash: another one now means that they are outdated. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from f.desk.drafts.draft import Draft

# A change of these makes other rows of the same file: what was said of a line or a column does not hold then.
LAYOUT = ("encoding", "delimiter", "has_header", "header_row", "sheet")
# What reading and checking the file depends on; the rest is first of interest to the plan.
READING = (*LAYOUT, "mapping", "default_country")


def digest_of(draft: Draft) -> str:
    """Return the digest of all that was chosen and corrected: what a plan is made of."""
    return _hashed(draft, dict(draft["settings"]))


def check_digest_of(draft: Draft) -> str:
    """Return the digest of what decides how the file is read and judged, corrections included."""
    settings: dict[str, Any] = dict(draft["settings"])
    return _hashed(draft, {name: settings[name] for name in READING})


def is_checked(draft: Draft) -> bool:
    """Return whether the file was checked with what is chosen and corrected now."""
    checked = draft["checked"]
    return checked is not None and checked["digest"] == check_digest_of(draft)


def _hashed(draft: Draft, settings: dict[str, Any]) -> str:
    file = draft["file"]
    # The mapping's order decides nothing; neither may that of the settings.
    made_of = [file["s3"] if file else "", settings, draft["corrections_file"]]
    text = json.dumps(made_of, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
