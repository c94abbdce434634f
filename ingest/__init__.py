"""Receive, keep, unwrap, observe, write."""
