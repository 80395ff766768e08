"""The fixture of the invoice flow, for what looks at more than one of its steps from outside."""

from tests.flows.invoices.conftest import flow

__all__ = ["flow"]
