"""Where messages come from: one module a kind of source."""
