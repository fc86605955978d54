//! The border to Python: the only room that knows pyo3.
