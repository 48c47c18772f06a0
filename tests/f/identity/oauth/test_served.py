"""The sign-in routes as strangers call them: over HTTP, with the resources of the repository."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

import pytest

from mill.api.server import LocalApi
from mill.repository.workspace import Workspace
from mill.session import Session

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("name", ["nobody", "jwt_signer", "seal_key"])
def test_what_is_no_oauth_app_is_the_callers_mistake_and_no_fault_of_ours(tmp_path: Path, name: str) -> None:
    """An unknown name, a resource of another type, a variable."""
    with Session(Workspace.find(ROOT), tmp_path) as session:
        assert isinstance(session.platform, LocalApi)
        api = session.platform
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{api.url}/api/r/{api.workspace_id}/oauth/{name}/start", timeout=60)
    with refused.value:
        assert refused.value.code == 400
        assert "This address names no OAuth app." in refused.value.read().decode()
