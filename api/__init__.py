"""Answer: the open-data API and its page."""
