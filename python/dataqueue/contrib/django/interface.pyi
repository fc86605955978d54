# Which of two packages the names are from, and whether either is there, depends on the Django that is installed.
from typing import Any

def __getattr__(name: str) -> Any: ...
