"""Postgres: where the truth lives."""
