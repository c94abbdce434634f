"""What needs history, read from the store and written beside it, and what the pipeline says of itself."""
