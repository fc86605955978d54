"""Measures the queue beside other libraries and beside what can be done by hand, on the same stores, turn by turn."""
