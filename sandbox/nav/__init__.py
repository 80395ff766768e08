"""A simulator of Business Central: its API v2.0 and the Entra token endpoint, over TLS."""
