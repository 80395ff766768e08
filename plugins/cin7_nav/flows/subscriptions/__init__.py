"""Keeps both systems telling us what changes, and catches up where they did not."""
