"""An extension for Flask: the application's queue, its context around jobs, and `flask dataqueue worker`.

Needs `dataqueue[flask]`.
"""

from __future__ import annotations

from .extension import Dataqueue

__all__ = ["Dataqueue"]
