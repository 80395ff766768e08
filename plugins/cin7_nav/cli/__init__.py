"""`cin7-nav`: the same answers as the Airflow pages give, at the keyboard."""

from cin7_nav.cli import (
    books,
    checking,
    comparing,
    parties,
    previewing,
    replaying,
    showing,
    stock,
    webhooks,
)
from cin7_nav.cli.console import app

__all__ = [
    "app",
    "books",
    "checking",
    "comparing",
    "parties",
    "previewing",
    "replaying",
    "showing",
    "stock",
    "webhooks",
]
