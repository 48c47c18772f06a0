"""How one service stands: `f.connect.by_hand.check`, for every service of the registry."""

from __future__ import annotations

from f.connect.by_hand.check import SOON, Check, check, sentence_of, unchecked

__all__ = ["SOON", "Check", "check", "sentence_of", "unchecked"]
