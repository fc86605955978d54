//! What the engine logs, on its way to Python: a bounded ring that a Python thread drains.
