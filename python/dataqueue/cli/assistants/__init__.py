"""`dataqueue install-skills`, `install-rules` and `install-mcp`: what coding assistants read."""

from __future__ import annotations

from .mcp_config import install_mcp
from .rules import install_rules
from .skills import install_skills

__all__ = ["install_mcp", "install_rules", "install_skills"]
