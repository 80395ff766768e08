"""Replay: choose documents, see what sending them again would do and cost, then do it at a gentle pace."""
