"""Builds the documentation site, and looks for what is wrong with it."""
