"""Handlers in processes of their own: how they get there, where they run, and who ends them."""

from __future__ import annotations

from .travel import Serialization, test_handler_serialization, validate_handler_serializable

__all__ = ["Serialization", "test_handler_serialization", "validate_handler_serializable"]
