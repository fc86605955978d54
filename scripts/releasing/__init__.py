"""What a release is made of: its version, its notes, and what is in its files."""
