"""Starts contestants by turns, times them, counts what their stores did, and tells how they compare."""
