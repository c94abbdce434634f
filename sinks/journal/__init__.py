"""The journal: every message as it came, on disk before it is acknowledged."""
