"""One file per step, each knowing the one before it. A released step is never changed."""
