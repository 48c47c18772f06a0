"""The twin of Vessey, a fictional service of vessel data; `openapi.yaml` is its contract."""

from mill.twins.services.vessey.service import build

__all__ = ["build"]
