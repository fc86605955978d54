"""The tests of dataqueue, and the servers they need."""
