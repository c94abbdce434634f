"""The embedded time-series store: no server, one file."""
